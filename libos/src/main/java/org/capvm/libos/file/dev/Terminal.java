package org.capvm.libos.file.dev;

import java.util.Map;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.IoctlCodes;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.process.Task;

/**
 * The cVM's controlling terminal: the line settings and size are the host terminal's, the
 * foreground process group is the cVM's own. Threads: any.
 */
public final class Terminal {
  private static final int TERMIOS_BYTES = 36;
  private static final int TERMIOS2_BYTES = 44;
  private static final int WINSIZE_BYTES = 8;

  /** Requests whose argument is the address of a structure, with its size; the host does them. */
  private static final Map<Integer, Integer> STRUCTURE_BYTES =
      Map.ofEntries(
          Map.entry(IoctlCodes.TCGETS, TERMIOS_BYTES),
          Map.entry(IoctlCodes.TCSETS, TERMIOS_BYTES),
          Map.entry(IoctlCodes.TCSETSW, TERMIOS_BYTES),
          Map.entry(IoctlCodes.TCSETSF, TERMIOS_BYTES),
          Map.entry(IoctlCodes.TCGETS2, TERMIOS2_BYTES),
          Map.entry(IoctlCodes.TCSETS2, TERMIOS2_BYTES),
          Map.entry(IoctlCodes.TCSETSW2, TERMIOS2_BYTES),
          Map.entry(IoctlCodes.TCSETSF2, TERMIOS2_BYTES),
          Map.entry(IoctlCodes.TIOCGWINSZ, WINSIZE_BYTES),
          Map.entry(IoctlCodes.TIOCSWINSZ, WINSIZE_BYTES),
          Map.entry(IoctlCodes.TIOCOUTQ, Integer.BYTES));

  private volatile int foregroundGroup;

  /** Whether a host descriptor is a terminal. */
  public static boolean isTerminal(int hostDescriptor) {
    long address = HostScratch.get().address();
    return Hostcalls.ioctl(hostDescriptor, IoctlCodes.TCGETS, address) == 0;
  }

  /** The process group that signals of the terminal go to; 0 before anybody set one. */
  public int foregroundGroup() {
    return foregroundGroup;
  }

  /** Makes a process group the foreground one. */
  public void setForegroundGroup(int group) {
    foregroundGroup = group;
  }

  long control(Task task, int hostDescriptor, int request, long argument) {
    Integer bytes = STRUCTURE_BYTES.get(request);
    if (bytes != null) {
      IoBuffer structure = IoBuffer.guest(task.memory(), argument, bytes);
      return structure.storing(
          () -> Hostcalls.ioctl(hostDescriptor, request, structure.hostAddress()));
    }
    switch (request) {
      case IoctlCodes.TIOCGPGRP -> task.memory().putInt(argument, groupFor(task));
      case IoctlCodes.TIOCSPGRP -> foregroundGroup = task.memory().getInt(argument);
      case IoctlCodes.TIOCGSID -> task.memory().putInt(argument, task.process().session());
      case IoctlCodes.TCSBRK, IoctlCodes.TCXONC, IoctlCodes.TCFLSH -> {
        return Hostcalls.ioctl(hostDescriptor, request, argument);
      }
      case IoctlCodes.TIOCSCTTY, IoctlCodes.TIOCNOTTY -> {
        // The cVM has one terminal and its first session keeps it.
      }
      default -> throw ErrnoException.of(Errno.ENOTTY);
    }
    return 0;
  }

  private int groupFor(Task task) {
    int group = foregroundGroup;
    return group == 0 ? task.process().processGroup() : group;
  }
}
