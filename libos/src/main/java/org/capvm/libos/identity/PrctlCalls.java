package org.capvm.libos.identity;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.Task;

/** {@code prctl}. */
final class PrctlCalls {
  private static final int PR_SET_PDEATHSIG = 1;
  private static final int PR_GET_PDEATHSIG = 2;
  private static final int PR_GET_DUMPABLE = 3;
  private static final int PR_SET_DUMPABLE = 4;
  private static final int PR_GET_KEEPCAPS = 7;
  private static final int PR_SET_KEEPCAPS = 8;
  private static final int PR_SET_NAME = 15;
  private static final int PR_GET_NAME = 16;
  private static final int PR_GET_SECCOMP = 21;
  private static final int PR_CAPBSET_READ = 23;
  private static final int PR_SET_TIMERSLACK = 29;
  private static final int PR_GET_TIMERSLACK = 30;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int PR_GET_NO_NEW_PRIVS = 39;
  private static final int PR_SET_THP_DISABLE = 41;
  private static final int PR_GET_THP_DISABLE = 42;
  private static final int PR_SET_VMA = 0x53564d41;
  private static final int NAME_BYTES = 16;
  private static final int LAST_CAPABILITY = 40;
  private static final int TIMER_SLACK_NANOS = 50_000;

  private PrctlCalls() {}

  static long prctl(Task task, long option, long a1, long a2, long a3, long a4, long a5) {
    return switch ((int) option) {
      case PR_SET_NAME -> setName(task, a1);
      case PR_GET_NAME -> getName(task, a1);
      case PR_GET_DUMPABLE -> task.process().isDumpable() ? 1 : 0;
      case PR_SET_DUMPABLE -> setFlag(a1, task.process()::setDumpable);
      case PR_SET_PDEATHSIG -> setParentDeathSignal(task, a1);
      case PR_GET_PDEATHSIG -> {
        task.memory().putInt(a1, task.process().parentDeathSignal());
        yield 0;
      }
      case PR_SET_NO_NEW_PRIVS -> a1 == 1 && (a2 | a3 | a4) == 0 ? 0 : -Errno.EINVAL;
      // No program gains rights by being executed here, so the promise always holds.
      case PR_GET_NO_NEW_PRIVS -> 1;
      case PR_GET_KEEPCAPS -> task.process().keepsCapabilities() ? 1 : 0;
      case PR_SET_KEEPCAPS -> setFlag(a1, task.process()::setKeepsCapabilities);
      case PR_GET_SECCOMP, PR_GET_THP_DISABLE -> 0;
      case PR_GET_TIMERSLACK -> TIMER_SLACK_NANOS;
      // How late timers may be, and how large pages are, changes no result.
      case PR_SET_TIMERSLACK, PR_SET_THP_DISABLE -> 0;
      case PR_CAPBSET_READ -> a1 < 0 || a1 > LAST_CAPABILITY ? -Errno.EINVAL : 1;
      case PR_SET_VMA -> -Errno.EINVAL;
      default -> -Errno.EINVAL;
    };
  }

  private static long setName(Task task, long in) {
    byte[] name = new byte[NAME_BYTES - 1];
    int length = 0;
    while (length < name.length) {
      byte value = task.memory().getByte(in + length);
      if (value == 0) {
        break;
      }
      name[length++] = value;
    }
    task.setName(new String(name, 0, length, StandardCharsets.ISO_8859_1));
    return 0;
  }

  private static long getName(Task task, long out) {
    byte[] name = Arrays.copyOf(task.name().getBytes(StandardCharsets.ISO_8859_1), NAME_BYTES);
    task.memory().write(out, name, 0, NAME_BYTES);
    return 0;
  }

  private static long setFlag(long value, Consumer<Boolean> flag) {
    if (value != 0 && value != 1) {
      return -Errno.EINVAL;
    }
    flag.accept(value == 1);
    return 0;
  }

  private static long setParentDeathSignal(Task task, long signal) {
    if (signal != 0 && !Signal.isValid((int) signal)) {
      return -Errno.EINVAL;
    }
    task.process().setParentDeathSignal((int) signal);
    return 0;
  }
}
