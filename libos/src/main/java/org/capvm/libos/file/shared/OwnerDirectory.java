package org.capvm.libos.file.shared;

import java.util.List;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.synthetic.SyntheticDirectory;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.monitor.channel.Compartment;

/** What one cVM has granted. */
final class OwnerDirectory extends SyntheticDirectory {
  private final Compartment compartment;
  private final String prefix;

  OwnerDirectory(
      SyntheticFileSystem fileSystem, Directory parent, String owner, Compartment compartment) {
    super(fileSystem, parent, owner, SharedFiles.number(owner), 0555);
    this.compartment = compartment;
    this.prefix = owner + "/";
  }

  @Override
  public Inode lookup(Caller caller, String name) {
    return SharedFiles.names(compartment).contains(prefix + name)
        ? new SharedFile(synthetic(), compartment, prefix + name)
        : null;
  }

  @Override
  public List<Entry> list(Caller caller) {
    return SharedFiles.names(compartment).stream()
        .filter(name -> name.startsWith(prefix))
        .map(
            name ->
                new Entry(
                    name.substring(prefix.length()), SharedFiles.number(name), FileMode.S_IFREG))
        .toList();
  }
}
