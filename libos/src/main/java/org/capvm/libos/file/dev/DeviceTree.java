package org.capvm.libos.file.dev;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.pty.Pseudoterminals;
import org.capvm.libos.file.synthetic.FixedDirectory;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;

/** Makes a cVM's {@code /dev}. */
public final class DeviceTree {
  private static final long TMPFS_MAGIC = 0x01021994;
  private static final int MEMORY_MAJOR = 1;
  private static final int TTY_MAJOR = 5;

  private DeviceTree() {}

  /**
   * A file system with the devices every program expects, and empty directories to mount {@code
   * shm} and others on.
   *
   * @param pseudoterminals made by opening {@code ptmx}
   * @param terminal the cVM's terminal, or null
   * @param terminalDescriptor the host descriptor of the terminal, or -1
   */
  public static SyntheticFileSystem make(
      Pseudoterminals pseudoterminals, Terminal terminal, int terminalDescriptor) {
    SyntheticFileSystem fileSystem = new SyntheticFileSystem("devtmpfs", TMPFS_MAGIC);
    FixedDirectory root = new FixedDirectory(fileSystem, null, "", 0755);
    fileSystem.setRoot(root);
    memory(fileSystem, root, "null", 3, MemoryDevice.Kind.NULL);
    memory(fileSystem, root, "zero", 5, MemoryDevice.Kind.ZERO);
    memory(fileSystem, root, "full", 7, MemoryDevice.Kind.FULL);
    memory(fileSystem, root, "random", 8, MemoryDevice.Kind.RANDOM);
    memory(fileSystem, root, "urandom", 9, MemoryDevice.Kind.RANDOM);
    Device.Opener console =
        (caller, location, flags) -> openTerminal(terminal, terminalDescriptor, location, flags);
    Device.Opener own =
        (caller, location, flags) -> {
          FileDescription opened = pseudoterminals.openControlling(caller, location, flags);
          return opened != null ? opened : console.open(caller, location, flags);
        };
    root.add("tty", new Device(fileSystem, TTY_MAJOR, 0, own));
    root.add("console", new Device(fileSystem, TTY_MAJOR, 1, console));
    root.add("ptmx", new Device(fileSystem, TTY_MAJOR, 2, pseudoterminals::open));
    root.addLink("fd", "/proc/self/fd");
    root.addLink("stdin", "/proc/self/fd/0");
    root.addLink("stdout", "/proc/self/fd/1");
    root.addLink("stderr", "/proc/self/fd/2");
    root.addDirectory("shm");
    root.addDirectory("pts");
    root.addDirectory("mqueue");
    return fileSystem;
  }

  private static void memory(
      SyntheticFileSystem fileSystem,
      FixedDirectory root,
      String name,
      int minor,
      MemoryDevice.Kind kind) {
    root.add(
        name,
        new Device(
            fileSystem,
            MEMORY_MAJOR,
            minor,
            (caller, location, flags) -> new MemoryDevice(kind, location, flags)));
  }

  private static FileDescription openTerminal(
      Terminal terminal, int descriptor, Location location, int flags) {
    if (terminal == null) {
      throw ErrnoException.of(Errno.ENXIO);
    }
    return new HostStream(descriptor, terminal, location, flags);
  }
}
