package org.capvm.libos.trace;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ArgumentKind;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.abi.Signal;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;

/** Prints one argument of one call, in strace's format. */
final class ArgumentPrinter {
  private static final int AT_FDCWD = -100;
  private static final int PATH_MAX = 4096;
  private static final int O_ACCMODE = 3;
  private static final int O_CREAT = 0100;
  private static final int O_TMPFILE_BIT = 020000000;
  private static final int STRINGS_SHOWN = 32;
  private static final int VECTORS_SHOWN = 16;

  private final GuestMemory memory;
  private final long[] arguments;
  private final long result;

  /**
   * @param result what the call returned; before the call, 0
   */
  ArgumentPrinter(GuestMemory memory, long[] arguments, long result) {
    this.memory = memory;
    this.arguments = arguments;
    this.result = result;
  }

  /** Whether an argument is worth printing only after the call. */
  static boolean isOutput(ArgumentKind kind) {
    return kind.name().startsWith("OUT_") || kind == ArgumentKind.POLL_FDS;
  }

  /** Prints an argument; null if it is to be left out. */
  String print(ArgumentKind kind, int index) {
    long value = arguments[index];
    try {
      return isOutput(kind) ? output(kind, index, value) : input(kind, index, value);
    } catch (GuestMemoryFault e) {
      return address(value);
    }
  }

  private String input(ArgumentKind kind, int index, long value) {
    return switch (kind) {
      case INT, FD -> Integer.toString((int) value);
      case UNSIGNED -> Integer.toUnsignedString((int) value);
      case LONG -> Long.toString(value);
      case SIZE -> Long.toUnsignedString(value);
      case HEX -> value == 0 ? "0" : "0x" + Long.toHexString(value);
      case ADDRESS, SOCKET_ADDRESS, EPOLL_EVENT -> address(value);
      case DIRECTORY_FD -> (int) value == AT_FDCWD ? "AT_FDCWD" : Integer.toString((int) value);
      case PATH -> string(value, PATH_MAX, false);
      case STRING -> string(value, QuotedText.LIMIT, true);
      case STRING_ARRAY -> strings(value);
      case BUFFER -> buffer(value, arguments[index + 1]);
      case IOVEC -> vector(value, arguments[index + 1], Long.MAX_VALUE);
      case OPEN_FLAGS -> openFlags(value);
      case OPEN_MODE ->
          (arguments[index - 1] & (O_CREAT | O_TMPFILE_BIT)) == 0 ? null : octal(value);
      case MODE -> octal(value);
      case AT_FLAGS -> Flags.AT.bits(value);
      case ACCESS_MODE -> Flags.ACCESS.bits(value);
      case WHENCE -> Flags.WHENCE.value((int) value);
      case FCNTL_COMMAND -> Flags.FCNTL.value((int) value);
      case IOCTL_COMMAND -> Flags.IOCTL.value(value & 0xffff_ffffL);
      case PROTECTION -> Flags.PROTECTION.bits(value);
      case MAP_FLAGS -> Flags.MAP.bits(value);
      case REMAP_FLAGS -> Flags.REMAP.bits(value);
      case ADVICE -> Flags.ADVICE.value((int) value);
      case SYNC_FLAGS -> Flags.SYNC.bits(value);
      case SIGNAL -> value == 0 ? "0" : Signal.name((int) value);
      case SIGNAL_SET -> signalSet(value);
      case SIGNAL_ACTION -> signalAction(value);
      case SIGNAL_HOW -> Flags.SIGNAL_HOW.value((int) value);
      case SIGNAL_STACK -> signalStack(value);
      case CLOCK -> Flags.CLOCK.value((int) value);
      case TIMESPEC -> pair(value, "tv_sec", "tv_nsec");
      case TIMEVAL -> pair(value, "tv_sec", "tv_usec");
      case ITIMERVAL -> intervals(value);
      case RESOURCE -> Resource.name((int) value);
      case RESOURCE_LIMIT -> limits(value);
      case FUTEX_OPERATION -> futexOperation((int) value);
      case CLONE_FLAGS -> cloneFlags(value);
      case WAIT_OPTIONS -> Flags.WAIT.bits(value & 0xffff_ffffL);
      case ARCH_PRCTL_CODE -> Flags.ARCH_PRCTL.value((int) value);
      case PRCTL_OPTION -> Flags.PRCTL.value((int) value);
      case RANDOM_FLAGS -> Flags.RANDOM.bits(value);
      case SOCKET_DOMAIN -> Flags.DOMAIN.value((int) value);
      case SOCKET_TYPE -> socketType((int) value);
      case EPOLL_OPERATION -> Flags.EPOLL_OPERATION.value((int) value);
      default -> address(value);
    };
  }

  private String output(ArgumentKind kind, int index, long value) {
    if (result < 0 || value == 0) {
      return kind == ArgumentKind.POLL_FDS && value != 0 ? pollFds(value, false) : address(value);
    }
    return switch (kind) {
      case OUT_BUFFER -> buffer(value, result);
      case OUT_STRING -> string(value, PATH_MAX, false);
      case OUT_IOVEC -> vector(value, arguments[index + 1], result);
      case OUT_STAT -> status(value);
      case OUT_FD_PAIR -> "[" + memory.getInt(value) + ", " + memory.getInt(value + 4) + "]";
      case POLL_FDS -> pollFds(value, true);
      case OUT_SIGNAL_SET -> signalSet(value);
      case OUT_SIGNAL_ACTION -> signalAction(value);
      case OUT_SIGNAL_STACK -> signalStack(value);
      case OUT_TIMESPEC -> pair(value, "tv_sec", "tv_nsec");
      case OUT_TIMEVAL -> pair(value, "tv_sec", "tv_usec");
      case OUT_ITIMERVAL -> intervals(value);
      case OUT_RESOURCE_LIMIT -> limits(value);
      case OUT_SYSTEM_NAME ->
          "{sysname=" + field(value) + ", nodename=" + field(value + 65) + ", ...}";
      case OUT_INT -> "[" + memory.getInt(value) + "]";
      case OUT_WAIT_STATUS -> waitStatus(memory.getInt(value));
      default -> address(value);
    };
  }

  static String address(long value) {
    return value == 0 ? "NULL" : "0x" + Long.toHexString(value);
  }

  private static String octal(long value) {
    return "0" + Integer.toOctalString((int) value & 0xffff);
  }

  private String string(long guestAddress, int limit, boolean shorten) {
    if (guestAddress == 0) {
      return "NULL";
    }
    byte[] bytes = new byte[limit];
    int length = 0;
    while (length < limit) {
      byte value = memory.getByte(guestAddress + length);
      if (value == 0) {
        return QuotedText.of(bytes, length, false);
      }
      bytes[length++] = value;
    }
    boolean cut = shorten && memory.getByte(guestAddress + length) != 0;
    return QuotedText.of(bytes, length, cut || !shorten);
  }

  private String field(long guestAddress) {
    return string(guestAddress, 65, false);
  }

  private String strings(long guestAddress) {
    if (guestAddress == 0) {
      return "NULL";
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; ; i++) {
      long pointer = memory.getLong(guestAddress + 8L * i);
      if (pointer == 0) {
        return "[" + String.join(", ", texts) + "]";
      }
      if (i == STRINGS_SHOWN) {
        return "[" + String.join(", ", texts) + ", ...]";
      }
      texts.add(string(pointer, QuotedText.LIMIT, true));
    }
  }

  private String buffer(long guestAddress, long length) {
    if (guestAddress == 0) {
      return "NULL";
    }
    int shown = (int) Math.min(QuotedText.LIMIT, length);
    byte[] bytes = new byte[shown];
    memory.read(guestAddress, bytes, 0, shown);
    return QuotedText.of(bytes, shown, length > shown);
  }

  private String vector(long guestAddress, long count, long bytes) {
    List<String> texts = new ArrayList<>();
    long left = bytes;
    for (int i = 0; i < Math.min(VECTORS_SHOWN, count); i++) {
      long base = memory.getLong(guestAddress + 16L * i);
      long length = memory.getLong(guestAddress + 16L * i + 8);
      String text = buffer(base, Math.min(length, left));
      texts.add("{iov_base=" + text + ", iov_len=" + length + "}");
      left -= Math.min(length, left);
    }
    return "[" + String.join(", ", texts) + (count > VECTORS_SHOWN ? ", ...]" : "]");
  }

  private static String openFlags(long value) {
    String mode = Flags.ACCESS_MODES.value(value & O_ACCMODE);
    long rest = value & ~O_ACCMODE & 0xffff_ffffL;
    return rest == 0 ? mode : mode + "|" + Flags.OPEN.bits(rest);
  }

  private String status(long at) {
    int mode = memory.getInt(at + 24);
    long size = memory.getLong(at + 48);
    String type = Flags.FILE_TYPE.value(mode & 0170000);
    String permissions = "0" + Integer.toOctalString(mode & 07777);
    boolean device = (mode & 0170000) == 020000 || (mode & 0170000) == 060000;
    long number = memory.getLong(at + 40);
    String last =
        device
            ? "st_rdev=makedev(0x"
                + Long.toHexString((number >> 8) & 0xfff)
                + ", 0x"
                + Long.toHexString(number & 0xff)
                + ")"
            : "st_size=" + size;
    return "{st_mode=" + type + "|" + permissions + ", " + last + ", ...}";
  }

  private String pollFds(long at, boolean results) {
    List<String> texts = new ArrayList<>();
    long count = Math.min(VECTORS_SHOWN, arguments[1]);
    for (int i = 0; i < count; i++) {
      int descriptor = memory.getInt(at + 8L * i);
      int events = memory.getShort(at + 8L * i + 4) & 0xffff;
      int found = memory.getShort(at + 8L * i + 6) & 0xffff;
      String text = "{fd=" + descriptor + ", events=" + Flags.POLL.bits(events);
      texts.add(text + (results && found != 0 ? ", revents=" + Flags.POLL.bits(found) : "") + "}");
    }
    return "[" + String.join(", ", texts) + "]";
  }

  private String signalSet(long guestAddress) {
    return guestAddress == 0 ? "NULL" : setText(memory.getLong(guestAddress));
  }

  private static String setText(long set) {
    boolean most = Long.bitCount(set) > Long.SIZE / 2;
    long shown = most ? ~set : set;
    List<String> texts = new ArrayList<>();
    for (int signal = 1; signal <= Signal.SIGRTMAX; signal++) {
      if ((shown & Signal.bit(signal)) != 0) {
        String name = Signal.name(signal);
        texts.add(name.startsWith("SIG") ? name.substring(3) : name);
      }
    }
    return (most ? "~[" : "[") + String.join(" ", texts) + "]";
  }

  private String signalAction(long at) {
    if (at == 0) {
      return "NULL";
    }
    long handler = memory.getLong(at);
    String name =
        handler == Signal.SIG_DFL
            ? "SIG_DFL"
            : handler == Signal.SIG_IGN ? "SIG_IGN" : address(handler);
    long flags = memory.getLong(at + 8);
    String text =
        "{sa_handler="
            + name
            + ", sa_mask="
            + setText(memory.getLong(at + 24))
            + ", sa_flags="
            + Flags.SIGNAL_ACTION.bits(flags);
    boolean restores = (flags & Signal.SA_RESTORER) != 0;
    return text + (restores ? ", sa_restorer=" + address(memory.getLong(at + 16)) + "}" : "}");
  }

  private String signalStack(long at) {
    if (at == 0) {
      return "NULL";
    }
    return "{ss_sp="
        + address(memory.getLong(at))
        + ", ss_flags="
        + Flags.SIGNAL_STACK.bits(memory.getInt(at + 8) & 0xffff_ffffL)
        + ", ss_size="
        + memory.getLong(at + 16)
        + "}";
  }

  private String pair(long at, String first, String second) {
    if (at == 0) {
      return "NULL";
    }
    return "{"
        + first
        + "="
        + memory.getLong(at)
        + ", "
        + second
        + "="
        + memory.getLong(at + 8)
        + "}";
  }

  private String intervals(long at) {
    if (at == 0) {
      return "NULL";
    }
    return "{it_interval="
        + pair(at, "tv_sec", "tv_usec")
        + ", it_value="
        + pair(at + 16, "tv_sec", "tv_usec")
        + "}";
  }

  private String limits(long at) {
    if (at == 0) {
      return "NULL";
    }
    return "{rlim_cur="
        + limit(memory.getLong(at))
        + ", rlim_max="
        + limit(memory.getLong(at + 8))
        + "}";
  }

  private static String limit(long value) {
    if (value == Resource.RLIM_INFINITY) {
      return "RLIM64_INFINITY";
    }
    boolean kilo = value > 1024 && value % 1024 == 0;
    return kilo ? value / 1024 + "*1024" : Long.toUnsignedString(value);
  }

  private static String futexOperation(int value) {
    String name = Flags.FUTEX.value(value & 127);
    name += (value & 128) != 0 ? "_PRIVATE" : "";
    return (value & 256) != 0 ? name + "|FUTEX_CLOCK_REALTIME" : name;
  }

  private static String cloneFlags(long value) {
    long bits = value & ~0xffL & 0xffff_ffffL;
    int signal = (int) (value & 0xff);
    if (signal == 0) {
      return Flags.CLONE.bits(bits);
    }
    return bits == 0 ? Signal.name(signal) : Flags.CLONE.bits(bits) + "|" + Signal.name(signal);
  }

  private static String socketType(int value) {
    String type = Flags.SOCKET_TYPE.value(value & 0xf);
    int flags = value & ~0xf;
    return flags == 0 ? type : type + "|" + Flags.SOCKET_FLAGS.bits(flags);
  }

  private static String waitStatus(int status) {
    int signal = status & 0x7f;
    if (signal == 0) {
      return "[{WIFEXITED(s) && WEXITSTATUS(s) == " + (status >> 8 & 0xff) + "}]";
    }
    if (signal == 0x7f) {
      return "[{WIFSTOPPED(s) && WSTOPSIG(s) == " + Signal.name(status >> 8 & 0xff) + "}]";
    }
    return "[{WIFSIGNALED(s) && WTERMSIG(s) == " + Signal.name(signal) + "}]";
  }
}
