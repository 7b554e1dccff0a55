package org.capvm.libos.file.proc;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.synthetic.FixedDirectory;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.process.Process;

/** {@code /proc} itself: fixed files, and a directory for each process. */
final class ProcRoot extends FixedDirectory {
  private static final int MAX_DIGITS = 7;

  private final LibraryOs libraryOs;

  ProcRoot(SyntheticFileSystem fileSystem, LibraryOs libraryOs) {
    super(fileSystem, null, "", 0555);
    this.libraryOs = libraryOs;
  }

  @Override
  public Inode lookup(Caller caller, String name) {
    Inode fixed = super.lookup(caller, name);
    if (fixed != null) {
      return fixed;
    }
    int id = number(name);
    if (id < 0) {
      return null;
    }
    Process process = libraryOs.processes().process(id);
    return process == null
        ? null
        : new ProcessDirectory.OfProcess(synthetic(), this, name, process);
  }

  @Override
  public List<Entry> list(Caller caller) {
    List<Entry> entries = new ArrayList<>(super.list(caller));
    for (Process process : libraryOs.processes().processes()) {
      entries.add(
          new Entry(
              Integer.toString(process.id()),
              ProcessDirectory.numberFor(process.id()),
              org.capvm.libos.abi.FileMode.S_IFDIR));
    }
    return entries;
  }

  /** The value of a decimal name, or -1. */
  static int number(String name) {
    if (name.isEmpty()
        || name.length() > MAX_DIGITS
        || (name.length() > 1 && name.startsWith("0"))) {
      return -1;
    }
    int value = 0;
    for (int i = 0; i < name.length(); i++) {
      char digit = name.charAt(i);
      if (digit < '0' || digit > '9') {
        return -1;
      }
      value = value * 10 + (digit - '0');
    }
    return value;
  }
}
