package org.capvm.libos.signal;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.process.Process;

/** The signal that tells the owner of an open file what happened to it: {@code F_SETOWN}. */
public final class OwnerSignal {
  /** {@code si_code}: something happened that is neither data nor room for it. */
  public static final int POLL_MSG = 3;

  /** {@code si_band} of {@link #POLL_MSG}: POLLIN, POLLRDNORM and POLLMSG. */
  private static final long BAND = 0x441;

  private OwnerSignal() {}

  /**
   * Sends what {@code F_SETSIG} chose, or SIGIO.
   *
   * @param asker whose rights count
   * @param descriptor named in the signal if {@code F_SETSIG} chose it
   * @param code {@code si_code} of such a signal
   */
  public static void send(FileDescription file, Process asker, int descriptor, int code) {
    int owner = file.owner();
    if (owner == 0) {
      return;
    }
    for (Process process : asker.libraryOs().processes().processes()) {
      boolean meant = owner > 0 ? process.id() == owner : process.processGroup() == -owner;
      if (meant && asker.credentials().maySignal(process.credentials())) {
        send(process, file.ownerSignal(), descriptor, code);
      }
    }
  }

  private static void send(Process process, int chosen, int descriptor, int code) {
    boolean sent =
        chosen != 0
            && SignalDelivery.send(
                process,
                new SignalInfo(chosen, 0, code, BAND, Integer.toUnsignedLong(descriptor), 0, 0));
    // A full queue loses which file it was, not that there was something.
    if (!sent) {
      SignalDelivery.send(process, SignalInfo.fromKernel(Signal.SIGIO));
    }
  }
}
