package org.capvm.libos.file.pty;

import static org.capvm.libos.abi.Termios.ICANON;
import static org.capvm.libos.abi.Termios.VMIN;
import static org.capvm.libos.abi.Termios.VTIME;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.ControllingTerminal;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.ProcessGroups;
import org.capvm.libos.process.Task;
import org.capvm.libos.signal.SignalDelivery;
import org.capvm.libos.signal.SignalInfo;

/**
 * A terminal of which one side, the master, is the screen and the keyboard, and the other, the
 * slave, is what programs see. Threads: any.
 */
final class Pseudoterminal implements ControllingTerminal {
  /** Linux's major number of the slaves. */
  static final int SLAVE_MAJOR = 136;

  /** What is typed ahead of the discipline before the master must wait. */
  private static final int TYPED_CAPACITY = 8192;

  private static final long NANOS_PER_TENTH = 100_000_000;
  private static final int HUNG_UP =
      PollEvents.READABLE | PollEvents.WRITABLE | PollEvents.POLLERR | PollEvents.POLLHUP;

  private final LibraryOs libraryOs;
  private final Pseudoterminals table;
  private final int number;
  private final WaitQueue masterWaiters = new WaitQueue();
  private final WaitQueue slaveWaiters = new WaitQueue();
  private final PacketMode packetMode = new PacketMode(masterWaiters);
  private final OutputProcessing output = new OutputProcessing(packetMode);
  private final List<Integer> raised = new ArrayList<>();
  private final LineDiscipline discipline = new LineDiscipline(output, raised::add, packetMode);
  private final ByteQueue typed = new ByteQueue();

  private boolean locked = true;
  private boolean exclusive;
  private boolean typingStopped;
  private boolean masterClosed;
  private boolean slaveClosed;
  private int slaves;
  private long windowSize;
  private volatile int session;
  private volatile int foregroundGroup;

  Pseudoterminal(LibraryOs libraryOs, Pseudoterminals table, int number) {
    this.libraryOs = libraryOs;
    this.table = table;
    this.number = number;
  }

  int number() {
    return number;
  }

  // ---- life

  synchronized boolean isLocked() {
    return locked;
  }

  synchronized void setLocked(boolean value) {
    locked = value;
  }

  /** Whether only the privileged may open the slave again. */
  synchronized boolean isExclusive() {
    return exclusive;
  }

  synchronized void setExclusive(boolean changed) {
    exclusive = changed;
  }

  /**
   * Counts an open slave.
   *
   * @throws ErrnoException EBUSY if it is exclusive, EIO while slaves are locked or when there is
   *     no master any more
   */
  synchronized void openSlave(boolean privileged) {
    if (exclusive && !privileged) {
      throw ErrnoException.of(Errno.EBUSY);
    }
    if (locked || masterClosed) {
      throw ErrnoException.of(Errno.EIO);
    }
    slaves++;
    slaveClosed = false;
  }

  void closeSlave() {
    boolean last;
    boolean over;
    synchronized (this) {
      slaves--;
      last = slaves == 0;
      slaveClosed = last;
      over = last && masterClosed;
    }
    if (last) {
      leaveSession();
      masterWaiters.announce(PollEvents.POLLHUP | PollEvents.READABLE);
    }
    if (over) {
      table.free(this);
    }
  }

  /** The screen is gone: the session loses its terminal, and its leader is told. */
  void closeMaster() {
    boolean over;
    synchronized (this) {
      masterClosed = true;
      typed.clear();
      over = slaves == 0;
    }
    table.removeName(this);
    slaveWaiters.announce(HUNG_UP);
    int left = leaveSession();
    Process leader = left == 0 ? null : libraryOs.processes().process(left);
    if (leader != null) {
      SignalDelivery.send(leader, SignalInfo.fromKernel(Signal.SIGHUP));
      SignalDelivery.send(leader, SignalInfo.fromKernel(Signal.SIGCONT));
    }
    if (over) {
      table.free(this);
    }
  }

  // ---- session

  @Override
  public long deviceNumber() {
    return FileStatus.makeDevice(SLAVE_MAJOR, number);
  }

  /** The session that has this as its terminal, or 0. */
  int session() {
    return session;
  }

  @Override
  public int foregroundGroup() {
    return foregroundGroup;
  }

  void setForegroundGroup(int group) {
    foregroundGroup = group;
  }

  /** A session gets this as its terminal; its leader asked for it. */
  void enterSession(Process leader) {
    session = leader.session();
    foregroundGroup = leader.processGroup();
    leader.setControllingTerminal(this);
  }

  /** No process has this as its terminal any more; returns the session that had. */
  int leaveSession() {
    int left = session;
    session = 0;
    foregroundGroup = 0;
    if (left != 0) {
      for (Process process : libraryOs.processes().processes()) {
        if (process.controllingTerminal() == this) {
          process.setControllingTerminal(null);
        }
      }
    }
    return left;
  }

  @Override
  public void leaderEnded() {
    int group = foregroundGroup;
    leaveSession();
    if (group != 0) {
      ProcessGroups.signal(libraryOs, group, Signal.SIGHUP);
    }
  }

  /** Sends the signals that were typed. Without the monitor. */
  private void sendRaised() {
    List<Integer> signals;
    synchronized (this) {
      signals = List.copyOf(raised);
      raised.clear();
    }
    int group = foregroundGroup;
    if (group != 0) {
      signals.forEach(signal -> ProcessGroups.signal(libraryOs, group, signal));
    }
  }

  // ---- settings

  synchronized TerminalSettings settings() {
    return discipline.settings();
  }

  synchronized void setSettings(TerminalSettings changed) {
    discipline.setSettings(changed);
    announceAll();
  }

  /** Rows, columns and the size in dots, as {@code struct winsize} packs them. */
  synchronized long windowSize() {
    return windowSize;
  }

  void setWindowSize(long changed) {
    synchronized (this) {
      if (windowSize == changed) {
        return;
      }
      windowSize = changed;
    }
    int group = foregroundGroup;
    if (group != 0) {
      ProcessGroups.signal(libraryOs, group, Signal.SIGWINCH);
    }
  }

  /** Stops the programs' output, or lets it go on, whatever is typed. */
  synchronized void setStopped(boolean stopped) {
    if (stopped) {
      output.hold();
    } else {
      output.release();
      announceAll();
    }
  }

  /** Sends one of the flow control characters to the screen, unless it is switched off. */
  synchronized void sendFlowControl(int character) {
    if (character != 0 && !output.isHeld()) {
      boolean wasStopped = output.isStopped();
      output.start();
      output.show(character);
      if (wasStopped) {
        output.stop();
      }
      masterWaiters.announce(PollEvents.READABLE);
    }
  }

  /** Stops what the master types, or lets it go on. */
  synchronized void setTypingStopped(boolean stopped) {
    typingStopped = stopped;
    if (!stopped) {
      masterWaiters.announce(PollEvents.WRITABLE);
    }
  }

  /** Types one of the flow control characters, unless typing is stopped or it does not fit. */
  void typeFlowControl(int character) {
    type(new byte[] {(byte) character}, 0);
    sendRaised();
  }

  synchronized boolean isPacketMode() {
    return packetMode.isOn();
  }

  synchronized void setPacketMode(boolean on) {
    packetMode.set(on);
  }

  /** Drops what programs have not read. */
  synchronized void flushInput() {
    discipline.flush();
    pump();
  }

  /** What programs wrote is at the screen already: nothing is left to drop, but that is told. */
  synchronized void flushWritten() {
    packetMode.tell(PacketMode.TIOCPKT_FLUSHWRITE);
  }

  /** Drops what the discipline has not taken. */
  synchronized void flushTyped() {
    typed.clear();
    masterWaiters.announce(PollEvents.WRITABLE);
  }

  /** Drops what the screen has not read. */
  synchronized void flushOutput() {
    output.flush();
    slaveWaiters.announce(PollEvents.WRITABLE);
  }

  private void announceAll() {
    slaveWaiters.announce(PollEvents.READABLE | PollEvents.WRITABLE);
    masterWaiters.announce(PollEvents.READABLE | PollEvents.WRITABLE);
  }

  private static void awaitRoom(
      Task task, boolean nonBlocking, WaitQueue waiters, BooleanSupplier hasRoom) {
    if (nonBlocking) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    waiters.await(task, hasRoom, Task.NEVER);
  }

  // ---- the master's side

  WaitQueue masterWaiters() {
    return masterWaiters;
  }

  synchronized int masterReadiness() {
    return (output.size() > 0 ? PollEvents.READABLE : 0)
        | (packetMode.isPending() ? PollEvents.READABLE | PollEvents.POLLPRI : 0)
        | (hasRoomForTyped() ? PollEvents.WRITABLE : 0)
        | (slaveClosed ? PollEvents.POLLHUP : 0);
  }

  synchronized int outputSize() {
    return output.size();
  }

  /**
   * Reads the screen: as much as there is, or a packet. EIO once no program is left that could
   * write.
   */
  int readOutput(Task task, byte[] bytes, boolean nonBlocking) {
    while (true) {
      synchronized (this) {
        if (packetMode.isPending()) {
          bytes[0] = packetMode.take();
          return 1;
        }
        if (output.size() > 0) {
          int from = 0;
          if (packetMode.isOn()) {
            bytes[from++] = PacketMode.TIOCPKT_DATA;
          }
          int count = from + output.take(bytes, from, bytes.length - from);
          slaveWaiters.announce(PollEvents.WRITABLE);
          return count;
        }
        if (slaveClosed) {
          throw ErrnoException.of(Errno.EIO);
        }
      }
      awaitRoom(task, nonBlocking, masterWaiters, this::hasOutput);
    }
  }

  private synchronized boolean hasOutput() {
    return slaveClosed || output.size() > 0 || packetMode.isPending();
  }

  /** Types: all of it, unless it would have to wait. */
  int type(Task task, byte[] bytes, boolean nonBlocking) {
    int done = 0;
    while (true) {
      done += type(bytes, done);
      sendRaised();
      if (done == bytes.length) {
        return done;
      }
      try {
        awaitRoom(task, nonBlocking, masterWaiters, this::hasRoomForTyped);
      } catch (ErrnoException stopped) {
        if (done > 0) {
          return done;
        }
        throw stopped;
      }
    }
  }

  private synchronized boolean hasRoomForTyped() {
    return !typingStopped && typed.size() < TYPED_CAPACITY;
  }

  private synchronized int type(byte[] bytes, int from) {
    int done = 0;
    while (from + done < bytes.length && hasRoomForTyped()) {
      typed.add(bytes[from + done]);
      done++;
    }
    pump();
    return done;
  }

  /** The discipline takes what it has room for. */
  private void pump() {
    final boolean wasStopped = output.isStopped();
    final int shown = output.size();
    final int before = typed.size();
    output.beginEchoes();
    while (typed.size() > 0 && discipline.receive(typed.peek())) {
      typed.drop();
    }
    if (typed.size() != before) {
      masterWaiters.announce(PollEvents.WRITABLE);
      if (discipline.isAvailable(false)) {
        slaveWaiters.announce(PollEvents.READABLE);
      }
    }
    if (output.size() != shown) {
      masterWaiters.announce(PollEvents.READABLE);
    }
    if (wasStopped && !output.isStopped()) {
      slaveWaiters.announce(PollEvents.WRITABLE);
    }
  }

  // ---- the slave's side

  WaitQueue slaveWaiters() {
    return slaveWaiters;
  }

  synchronized boolean isHungUp() {
    return masterClosed;
  }

  synchronized int slaveReadiness() {
    if (masterClosed) {
      return HUNG_UP;
    }
    return (discipline.isAvailable(true) ? PollEvents.READABLE : 0)
        | (output.hasRoom() ? PollEvents.WRITABLE : 0);
  }

  synchronized int inputSize() {
    return discipline.available();
  }

  /**
   * Reads what was typed: a line, or as many characters as VMIN and VTIME say. Nothing at the end
   * of input and once the terminal was hung up; EIO if that happens meanwhile.
   */
  int readInput(Task task, byte[] bytes, boolean nonBlocking) {
    if (isHungUp()) {
      return 0;
    }
    TerminalSettings settings = settings();
    boolean canonical = settings.hasLocal(ICANON);
    int least = canonical ? 1 : settings.character(VMIN);
    long time = canonical ? 0 : settings.character(VTIME) * NANOS_PER_TENTH;
    long deadline = least == 0 ? System.nanoTime() + time : Task.NEVER;
    int done = 0;
    while (true) {
      Taken taken = take(bytes, done);
      if (taken != null) {
        done += taken.count;
        if (taken.endsRead || done >= Math.max(1, least) || done == bytes.length) {
          return done;
        }
        deadline = time > 0 ? System.nanoTime() + time : deadline;
        continue;
      }
      try {
        if (!awaitInput(task, deadline, nonBlocking)) {
          return done;
        }
      } catch (ErrnoException stopped) {
        if (done > 0) {
          return done;
        }
        throw stopped;
      }
    }
  }

  /** What a look at the input found, and whether the read is over with it. */
  private record Taken(int count, boolean endsRead) {}

  private Taken take(byte[] bytes, int from) {
    Taken taken = null;
    synchronized (this) {
      if (!masterClosed && discipline.isAvailable(false)) {
        int count = discipline.read(bytes, from, bytes.length - from);
        taken = new Taken(count, discipline.isCanonical());
        pump();
      }
    }
    sendRaised();
    return taken;
  }

  /** Returns false if the deadline has passed. */
  private boolean awaitInput(Task task, long deadline, boolean nonBlocking) {
    if (isHungUp()) {
      throw ErrnoException.of(Errno.EIO);
    }
    if (deadline != Task.NEVER && deadline - System.nanoTime() <= 0) {
      return false;
    }
    if (nonBlocking) {
      throw ErrnoException.of(Errno.EAGAIN);
    }
    return slaveWaiters.await(task, this::hasInput, deadline);
  }

  private synchronized boolean hasInput() {
    return masterClosed || discipline.isAvailable(false);
  }

  /** Writes to the screen: all of it, unless it would have to wait. EIO once that is gone. */
  int writeOutput(Task task, byte[] bytes, boolean nonBlocking) {
    int done = 0;
    while (true) {
      try {
        done += writeOutput(bytes, done);
        if (done == bytes.length) {
          return done;
        }
        awaitRoom(task, nonBlocking, slaveWaiters, this::hasRoomForOutput);
      } catch (ErrnoException stopped) {
        if (done > 0) {
          return done;
        }
        throw stopped;
      }
    }
  }

  private synchronized int writeOutput(byte[] bytes, int from) {
    if (masterClosed) {
      throw ErrnoException.of(Errno.EIO);
    }
    int count = output.write(bytes, from, bytes.length - from);
    if (count > 0) {
      masterWaiters.announce(PollEvents.READABLE);
    }
    return count;
  }

  private synchronized boolean hasRoomForOutput() {
    return masterClosed || output.hasRoom();
  }
}
