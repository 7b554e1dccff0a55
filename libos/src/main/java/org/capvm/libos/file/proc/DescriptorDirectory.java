package org.capvm.libos.file.proc;

import static org.capvm.libos.abi.Whence.SEEK_CUR;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.FileDescriptorTable;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.synthetic.SyntheticDirectory;
import org.capvm.libos.file.synthetic.SyntheticFile;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.Task;

/** {@code /proc/PID/fd}, whose links lead to the open files themselves, or {@code fdinfo}. */
final class DescriptorDirectory extends SyntheticDirectory {
  private static final int FIRST = 64;

  private final Process process;

  DescriptorDirectory(
      SyntheticFileSystem fileSystem, ProcessDirectory parent, String name, long number) {
    super(fileSystem, parent, name, number, 0500);
    this.process = parent.process();
  }

  private boolean isInfo() {
    return name().equals("fdinfo");
  }

  /** Empty for a process that has ended. */
  private Optional<FileDescriptorTable> table() {
    return Optional.ofNullable(ProcessTexts.leader(process)).map(Task::files);
  }

  private FileDescription open(int descriptor) {
    try {
      return table().map(files -> files.getAny(descriptor)).orElse(null);
    } catch (ErrnoException closed) {
      return null;
    }
  }

  @Override
  public Inode lookup(Caller caller, String name) {
    int descriptor = ProcRoot.number(name);
    FileDescription file = descriptor < 0 ? null : open(descriptor);
    if (file == null) {
      return null;
    }
    file.release();
    long number = number() + FIRST + descriptor;
    return isInfo()
        ? new SyntheticFile(
            synthetic(), number, 0444, ProcFileSystem.text(reader -> info(descriptor)))
        : new DescriptorLink(synthetic(), number, this, descriptor);
  }

  private String info(int descriptor) {
    FileDescription file = open(descriptor);
    if (file == null) {
      return "";
    }
    try {
      long position = 0;
      try {
        position = Math.max(0, file.seek(null, 0, SEEK_CUR));
      } catch (ErrnoException unseekable) {
        position = 0;
      }
      boolean onExecClose = table().map(files -> files.isCloseOnExec(descriptor)).orElse(false);
      int flags = file.flags() | (onExecClose ? org.capvm.libos.abi.OpenFlags.O_CLOEXEC : 0);
      int mount = file.location() == null ? 0 : file.location().mount().id();
      return "pos:\t"
          + position
          + "\nflags:\t0"
          + Integer.toOctalString(flags)
          + "\nmnt_id:\t"
          + mount
          + "\nino:\t"
          + file.status().inode()
          + "\n";
    } finally {
      file.release();
    }
  }

  @Override
  public List<Entry> list(Caller caller) {
    List<Entry> entries = new ArrayList<>();
    for (int descriptor : table().map(FileDescriptorTable::descriptors).orElse(List.of())) {
      entries.add(
          new Entry(
              Integer.toString(descriptor),
              number() + FIRST + descriptor,
              isInfo() ? FileMode.S_IFREG : FileMode.S_IFLNK));
    }
    return entries;
  }

  /** One link of {@code fd}. */
  private static final class DescriptorLink extends org.capvm.libos.file.synthetic.SyntheticLink {
    private final DescriptorDirectory directory;
    private final int descriptor;

    DescriptorLink(
        SyntheticFileSystem fileSystem,
        long number,
        DescriptorDirectory directory,
        int descriptor) {
      super(fileSystem, number, caller -> directory.describe(caller, descriptor));
      this.directory = directory;
      this.descriptor = descriptor;
    }

    @Override
    public Location magicTarget(Caller caller) {
      return directory.locate(descriptor);
    }
  }

  private String describe(Caller caller, int descriptor) {
    FileDescription file = open(descriptor);
    if (file == null) {
      throw ErrnoException.of(org.capvm.libos.abi.Errno.ENOENT);
    }
    try {
      return file.describe(caller.fileSystem().root());
    } finally {
      file.release();
    }
  }

  /**
   * Where following the link leads: the place the file was opened at, or, for files without one, a
   * place made for the open file itself.
   */
  private Location locate(int descriptor) {
    FileDescription file = open(descriptor);
    if (file == null) {
      throw ErrnoException.of(org.capvm.libos.abi.Errno.ENOENT);
    }
    try {
      return file.location() != null ? file.location() : OpenFileNode.locationOf(synthetic(), file);
    } finally {
      file.release();
    }
  }
}
