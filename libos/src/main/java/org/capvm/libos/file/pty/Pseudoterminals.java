package org.capvm.libos.file.pty;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.synthetic.SyntheticDirectory;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.process.ControllingTerminal;

/**
 * The pseudo-terminals of one cVM, and {@code /dev/pts}, where their slaves are. Each is charged to
 * the cVM's memory. Threads: any.
 */
public final class Pseudoterminals {
  /** {@code kernel.pty.max}. */
  public static final int MAX_TERMINALS = 4096;

  /** What a terminal is charged with: all that its queues can hold. */
  private static final long TERMINAL_BYTES = 64L << 10;

  private static final long DEVPTS_MAGIC = 0x1cd1;

  private final LibraryOs libraryOs;
  private final SyntheticFileSystem fileSystem = new SyntheticFileSystem("devpts", DEVPTS_MAGIC);
  private final Map<Integer, SlaveNode> slaves = new ConcurrentSkipListMap<>();
  private final BitSet taken = new BitSet();

  /** None yet. */
  public Pseudoterminals(LibraryOs libraryOs) {
    this.libraryOs = libraryOs;
    fileSystem.setRoot(new Root(fileSystem, slaves));
  }

  /** What {@code /dev/pts} shows. */
  public SyntheticFileSystem fileSystem() {
    return fileSystem;
  }

  /**
   * Makes a terminal, as an opened {@code /dev/ptmx} does.
   *
   * @return its master
   * @throws ErrnoException ENOSPC, ENOMEM
   */
  public FileDescription open(Caller caller, Location location, int flags) {
    if (!libraryOs.memoryLimit().tryTake(TERMINAL_BYTES, 0)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    int number = takeNumber();
    Pseudoterminal made = new Pseudoterminal(libraryOs, this, number);
    SlaveNode slave = new SlaveNode(fileSystem, made, caller.credentials());
    slaves.put(number, slave);
    return new Master(made, slave, location, flags);
  }

  private int takeNumber() {
    synchronized (taken) {
      int number = taken.nextClearBit(0);
      if (number < MAX_TERMINALS) {
        taken.set(number);
        return number;
      }
    }
    libraryOs.memoryLimit().give(TERMINAL_BYTES, 0);
    throw ErrnoException.of(Errno.ENOSPC);
  }

  /**
   * Opens the terminal of the caller's session, as {@code /dev/tty} does.
   *
   * @return null if it has none of these
   * @throws ErrnoException EIO
   */
  public FileDescription openControlling(Caller caller, Location location, int flags) {
    ControllingTerminal own =
        caller.task() == null ? null : caller.task().process().controllingTerminal();
    if (own == null) {
      return null;
    }
    for (SlaveNode slave : slaves.values()) {
      if (slave.terminal() == own) {
        return slave.open(caller, location, flags);
      }
    }
    throw ErrnoException.of(Errno.EIO);
  }

  /** The master is gone: nobody opens the terminal any more. */
  void removeName(Pseudoterminal terminal) {
    slaves.remove(terminal.number());
  }

  /** Nobody has the terminal open any more. */
  void free(Pseudoterminal terminal) {
    synchronized (taken) {
      taken.clear(terminal.number());
    }
    libraryOs.memoryLimit().give(TERMINAL_BYTES, 0);
  }

  private static final class Root extends SyntheticDirectory {
    private final Map<Integer, SlaveNode> slaves;

    Root(SyntheticFileSystem fileSystem, Map<Integer, SlaveNode> slaves) {
      super(fileSystem, null, "", fileSystem.newNumber(), 0755);
      this.slaves = slaves;
    }

    @Override
    public Inode lookup(Caller caller, String name) {
      return name.matches("0|[1-9][0-9]{0,3}") ? slaves.get(Integer.parseInt(name)) : null;
    }

    @Override
    public List<Directory.Entry> list(Caller caller) {
      List<Directory.Entry> entries = new ArrayList<>();
      for (SlaveNode slave : slaves.values()) {
        String name = Integer.toString(slave.terminal().number());
        entries.add(new Directory.Entry(name, slave.number(), FileMode.S_IFCHR));
      }
      return entries;
    }
  }
}
