package org.capvm.libos.file.shared;

import java.util.List;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.synthetic.SyntheticDirectory;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.monitor.channel.Compartment;

/** The root of {@code /cap}: a directory for each owner of something granted. */
final class OwnersDirectory extends SyntheticDirectory {
  private final Compartment compartment;

  OwnersDirectory(SyntheticFileSystem fileSystem, Compartment compartment) {
    super(fileSystem, null, "", fileSystem.newNumber(), 0555);
    this.compartment = compartment;
  }

  private List<String> owners() {
    return SharedFiles.names(compartment).stream()
        .map(name -> name.substring(0, name.indexOf('/')))
        .distinct()
        .toList();
  }

  @Override
  public Inode lookup(Caller caller, String owner) {
    return owners().contains(owner)
        ? new OwnerDirectory(synthetic(), this, owner, compartment)
        : null;
  }

  @Override
  public List<Entry> list(Caller caller) {
    return owners().stream()
        .map(owner -> new Entry(owner, SharedFiles.number(owner), FileMode.S_IFDIR))
        .toList();
  }
}
