package org.capvm.libos.file.synthetic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.Inode;

/** A synthetic directory whose names are set up once, before anybody looks. */
public class FixedDirectory extends SyntheticDirectory {
  private final Map<String, Inode> children = new LinkedHashMap<>();

  /** An empty directory; a null parent makes it the root. */
  public FixedDirectory(
      SyntheticFileSystem fileSystem, Directory parent, String name, int permissions) {
    super(fileSystem, parent, name, fileSystem.newNumber(), permissions);
  }

  /** Adds a file and returns this. */
  public final FixedDirectory add(String name, Inode child) {
    children.put(name, child);
    return this;
  }

  /** Adds an empty directory and returns it. */
  public final FixedDirectory addDirectory(String name) {
    FixedDirectory made = new FixedDirectory(synthetic(), this, name, 0755);
    children.put(name, made);
    return made;
  }

  /** Adds a read-only file whose content is made at each opening, and returns this. */
  public final FixedDirectory addFile(String name, SyntheticFile.Content content) {
    return add(name, new SyntheticFile(synthetic(), synthetic().newNumber(), 0444, content));
  }

  /** Adds a symbolic link and returns this. */
  public final FixedDirectory addLink(String name, String target) {
    return add(name, new SyntheticLink(synthetic(), synthetic().newNumber(), caller -> target));
  }

  @Override
  public Inode lookup(Caller caller, String name) {
    return children.get(name);
  }

  @Override
  public List<Entry> list(Caller caller) {
    List<Entry> entries = new ArrayList<>();
    children.forEach(
        (name, child) -> entries.add(new Entry(name, child.status().inode(), child.type())));
    return entries;
  }
}
