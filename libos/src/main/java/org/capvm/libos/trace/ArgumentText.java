package org.capvm.libos.trace;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.StringJoiner;
import org.capvm.libos.ArgumentKind;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;

/** Writes one argument of a system call as strace does. Reads guest memory; a bad address is printed as a number. */
final class ArgumentText {
  private static final int LONGEST_BYTES = 32;
  private static final int LONGEST_PATH = 4096;
  private static final int MOST_STRINGS = 16;
  private static final int SIGNALS = 64;

  private static final Map<ArgumentKind, NamedValues> NAMES =
      Map.ofEntries(
          Map.entry(
              ArgumentKind.OPEN_FLAGS,
              NamedValues.flagsAndChoice(
                  3,
                  "O_RDONLY=0 O_WRONLY O_RDWR O_SYNC=04010000 O_TMPFILE=020200000 O_CREAT=0100 O_EXCL=0200"
                      + " O_NOCTTY=0400 O_TRUNC=01000 O_APPEND=02000 O_NONBLOCK=04000 O_DSYNC=010000"
                      + " O_ASYNC=020000 O_DIRECT=040000 O_LARGEFILE=0100000 O_DIRECTORY=0200000"
                      + " O_NOFOLLOW=0400000 O_NOATIME=01000000 O_CLOEXEC=02000000 O_PATH=010000000")),
          Map.entry(
              ArgumentKind.AT_FLAGS,
              NamedValues.flags(
                  "AT_SYMLINK_NOFOLLOW=0x100 AT_REMOVEDIR=0x200 AT_SYMLINK_FOLLOW=0x400"
                      + " AT_NO_AUTOMOUNT=0x800 AT_EMPTY_PATH=0x1000")),
          Map.entry(ArgumentKind.ACCESS_MODE, NamedValues.flags("F_OK=0 X_OK=1 W_OK=2 R_OK=4")),
          Map.entry(
              ArgumentKind.WHENCE,
              NamedValues.values("SEEK_SET=0 SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE")),
          Map.entry(
              ArgumentKind.FCNTL_COMMAND,
              NamedValues.values(
                  "F_DUPFD=0 F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_SETOWN F_GETOWN"
                      + " F_SETSIG F_GETSIG F_SETOWN_EX=15 F_GETOWN_EX F_OFD_GETLK=36 F_OFD_SETLK"
                      + " F_OFD_SETLKW F_SETLEASE=1024 F_GETLEASE F_NOTIFY F_DUPFD_CLOEXEC=1030"
                      + " F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS F_GET_SEALS")),
          Map.entry(
              ArgumentKind.IOCTL_COMMAND,
              NamedValues.values(
                  "TCGETS=0x5401 TCSETS TCSETSW TCSETSF TIOCGPGRP=0x540f TIOCSPGRP TIOCOUTQ"
                      + " TIOCGWINSZ=0x5413 TIOCSWINSZ FIONREAD=0x541b FIONBIO=0x5421 FIONCLEX=0x5450"
                      + " FIOCLEX")),
          Map.entry(
              ArgumentKind.PROTECTION,
              NamedValues.flags(
                  "PROT_NONE=0 PROT_READ=1 PROT_WRITE=2 PROT_EXEC=4 PROT_GROWSDOWN=0x1000000")),
          Map.entry(
              ArgumentKind.MAP_FLAGS,
              NamedValues.flagsAndChoice(
                  0xf,
                  "MAP_SHARED=1 MAP_PRIVATE MAP_SHARED_VALIDATE MAP_FIXED=0x10 MAP_ANONYMOUS=0x20"
                      + " MAP_32BIT=0x40 MAP_GROWSDOWN=0x100 MAP_DENYWRITE=0x800 MAP_EXECUTABLE=0x1000"
                      + " MAP_LOCKED=0x2000 MAP_NORESERVE=0x4000 MAP_POPULATE=0x8000"
                      + " MAP_NONBLOCK=0x10000 MAP_STACK=0x20000 MAP_HUGETLB=0x40000 MAP_SYNC=0x80000"
                      + " MAP_FIXED_NOREPLACE=0x100000")),
          Map.entry(
              ArgumentKind.REMAP_FLAGS,
              NamedValues.flags("MREMAP_MAYMOVE=1 MREMAP_FIXED=2 MREMAP_DONTUNMAP=4")),
          Map.entry(
              ArgumentKind.ADVICE,
              NamedValues.values(
                  "MADV_NORMAL=0 MADV_RANDOM MADV_SEQUENTIAL MADV_WILLNEED MADV_DONTNEED MADV_FREE=8"
                      + " MADV_REMOVE MADV_DONTFORK MADV_DOFORK MADV_MERGEABLE MADV_UNMERGEABLE"
                      + " MADV_HUGEPAGE MADV_NOHUGEPAGE MADV_DONTDUMP MADV_DODUMP MADV_WIPEONFORK"
                      + " MADV_KEEPONFORK MADV_COLD MADV_PAGEOUT MADV_POPULATE_READ MADV_POPULATE_WRITE")),
          Map.entry(
              ArgumentKind.SYNC_FLAGS, NamedValues.flags("MS_ASYNC=1 MS_INVALIDATE=2 MS_SYNC=4")),
          Map.entry(
              ArgumentKind.SIGNAL_HOW,
              NamedValues.values("SIG_BLOCK=0 SIG_UNBLOCK SIG_SETMASK")),
          Map.entry(
              ArgumentKind.CLOCK,
              NamedValues.values(
                  "CLOCK_REALTIME=0 CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID"
                      + " CLOCK_MONOTONIC_RAW CLOCK_REALTIME_COARSE CLOCK_MONOTONIC_COARSE"
                      + " CLOCK_BOOTTIME")),
          Map.entry(
              ArgumentKind.RESOURCE,
              NamedValues.values(
                  "RLIMIT_CPU=0 RLIMIT_FSIZE RLIMIT_DATA RLIMIT_STACK RLIMIT_CORE RLIMIT_RSS"
                      + " RLIMIT_NPROC RLIMIT_NOFILE RLIMIT_MEMLOCK RLIMIT_AS RLIMIT_LOCKS"
                      + " RLIMIT_SIGPENDING RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME")),
          Map.entry(
              ArgumentKind.FUTEX_OPERATION,
              NamedValues.flagsAndChoice(
                  0x7f,
                  "FUTEX_WAIT=0 FUTEX_WAKE FUTEX_FD FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP"
                      + " FUTEX_LOCK_PI FUTEX_UNLOCK_PI FUTEX_TRYLOCK_PI FUTEX_WAIT_BITSET"
                      + " FUTEX_WAKE_BITSET FUTEX_PRIVATE_FLAG=0x80 FUTEX_CLOCK_REALTIME=0x100")),
          Map.entry(
              ArgumentKind.CLONE_FLAGS,
              NamedValues.flags(
                  "CLONE_VM=0x100 CLONE_FS=0x200 CLONE_FILES=0x400 CLONE_SIGHAND=0x800"
                      + " CLONE_PIDFD=0x1000 CLONE_VFORK=0x4000 CLONE_PARENT=0x8000"
                      + " CLONE_THREAD=0x10000 CLONE_SYSVSEM=0x40000 CLONE_SETTLS=0x80000"
                      + " CLONE_PARENT_SETTID=0x100000 CLONE_CHILD_CLEARTID=0x200000"
                      + " CLONE_CHILD_SETTID=0x1000000")),
          Map.entry(
              ArgumentKind.WAIT_OPTIONS,
              NamedValues.flags("WNOHANG=1 WUNTRACED=2 WEXITED=4 WCONTINUED=8 WNOWAIT=0x1000000")),
          Map.entry(
              ArgumentKind.ARCH_PRCTL_CODE,
              NamedValues.values("ARCH_SET_GS=0x1001 ARCH_SET_FS ARCH_GET_FS ARCH_GET_GS")),
          Map.entry(
              ArgumentKind.RANDOM_FLAGS, NamedValues.flags("GRND_NONBLOCK=1 GRND_RANDOM=2")),
          Map.entry(
              ArgumentKind.SOCKET_DOMAIN,
              NamedValues.values("AF_UNSPEC=0 AF_UNIX AF_INET AF_INET6=10 AF_NETLINK=16")),
          Map.entry(
              ArgumentKind.SOCKET_TYPE,
              NamedValues.flagsAndChoice(
                  0xf,
                  "SOCK_STREAM=1 SOCK_DGRAM SOCK_RAW SOCK_SEQPACKET=5 SOCK_NONBLOCK=0x800"
                      + " SOCK_CLOEXEC=0x80000")),
          Map.entry(
              ArgumentKind.EPOLL_OPERATION,
              NamedValues.values("EPOLL_CTL_ADD=1 EPOLL_CTL_DEL EPOLL_CTL_MOD")));

  private final GuestMemory memory;

  ArgumentText(Task task) {
    memory = task.memory();
  }

  /**
   * One argument.
   *
   * @param arguments all six, because the meaning of one may depend on another
   * @param result the call's result, or -1 before there is one
   */
  String text(ArgumentKind kind, int index, long[] arguments, long result) {
    long value = arguments[index];
    NamedValues names = NAMES.get(kind);
    if (names != null) {
      return names.text(kind == ArgumentKind.MAP_FLAGS ? value : (int) value);
    }
    try {
      return switch (kind) {
        case INT, FD -> Integer.toString((int) value);
        case LONG -> Long.toString(value);
        case UNSIGNED, SIZE -> Long.toUnsignedString(value);
        case DIRECTORY_FD ->
            (int) value == OpenFlags.AT_FDCWD ? "AT_FDCWD" : Integer.toString((int) value);
        case MODE, OPEN_MODE -> octal(value);
        case SIGNAL -> Signal.name((int) value);
        case PATH, STRING -> value == 0 ? "NULL" : string(value);
        case STRING_ARRAY -> strings(value);
        case BUFFER -> bytes(value, arguments[index + 1]);
        case OUT_BUFFER -> result < 0 ? address(value) : bytes(value, result);
        case OUT_STRING -> result < 0 ? address(value) : string(value);
        case SIGNAL_SET -> value == 0 ? "NULL" : signalSet(memory.getLong(value));
        case OUT_SIGNAL_SET ->
            value == 0 || result < 0 ? address(value) : signalSet(memory.getLong(value));
        case TIMESPEC -> value == 0 ? "NULL" : seconds(value, "tv_nsec");
        case OUT_TIMESPEC ->
            value == 0 || result < 0 ? address(value) : seconds(value, "tv_nsec");
        case TIMEVAL -> value == 0 ? "NULL" : seconds(value, "tv_usec");
        case OUT_TIMEVAL -> value == 0 || result < 0 ? address(value) : seconds(value, "tv_usec");
        case OUT_FD_PAIR ->
            result < 0
                ? address(value)
                : "[" + memory.getInt(value) + ", " + memory.getInt(value + 4) + "]";
        case OUT_INT, OUT_WAIT_STATUS ->
            value == 0 || result < 0 ? address(value) : "[" + memory.getInt(value) + "]";
        case RESOURCE_LIMIT -> value == 0 ? "NULL" : limits(value);
        case OUT_RESOURCE_LIMIT -> value == 0 || result < 0 ? address(value) : limits(value);
        default -> address(value);
      };
    } catch (GuestMemoryFault unreadable) {
      return address(value);
    }
  }

  private static String address(long value) {
    return value == 0 ? "NULL" : "0x" + Long.toHexString(value);
  }

  private static String octal(long value) {
    return "0" + Long.toOctalString(value & 07777777);
  }

  private String string(long guestAddress) {
    byte[] bytes = memory.readCString(guestAddress, LONGEST_PATH);
    return quoted(bytes, bytes.length);
  }

  private String strings(long guestAddress) {
    if (guestAddress == 0) {
      return "NULL";
    }
    StringJoiner text = new StringJoiner(", ", "[", "]");
    for (int i = 0; i < MOST_STRINGS; i++) {
      long each = memory.getLong(guestAddress + 8L * i);
      if (each == 0) {
        return text.toString();
      }
      text.add(string(each));
    }
    return text.add("...").toString();
  }

  private String bytes(long guestAddress, long length) {
    if (guestAddress == 0) {
      return "NULL";
    }
    int shown = (int) Math.min(length, LONGEST_BYTES);
    byte[] bytes = new byte[shown];
    memory.read(guestAddress, bytes, 0, shown);
    return quoted(bytes, shown) + (Long.compareUnsigned(length, shown) > 0 ? "..." : "");
  }

  private static String quoted(byte[] bytes, int length) {
    StringBuilder text = new StringBuilder(length + 2).append('"');
    String characters = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
    for (int i = 0; i < length; i++) {
      char c = characters.charAt(i);
      switch (c) {
        case '"', '\\' -> text.append('\\').append(c);
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        default -> {
          boolean digitFollows = i + 1 < length && Character.isDigit(characters.charAt(i + 1));
          if (c >= ' ' && c < 0x7f) {
            text.append(c);
          } else {
            text.append(String.format(digitFollows ? "\\%03o" : "\\%o", (int) c));
          }
        }
      }
    }
    return text.append('"').toString();
  }

  private static String signalSet(long set) {
    StringJoiner text = new StringJoiner(" ", "[", "]");
    for (int signal = 1; signal <= SIGNALS; signal++) {
      if ((set >>> (signal - 1) & 1) != 0) {
        text.add(Signal.name(signal).substring("SIG".length()));
      }
    }
    return text.toString();
  }

  private String seconds(long guestAddress, String fraction) {
    return "{tv_sec=%d, %s=%d}"
        .formatted(memory.getLong(guestAddress), fraction, memory.getLong(guestAddress + 8));
  }

  private String limits(long guestAddress) {
    return "{rlim_cur=%s, rlim_max=%s}"
        .formatted(limit(memory.getLong(guestAddress)), limit(memory.getLong(guestAddress + 8)));
  }

  private static String limit(long value) {
    return value == -1 ? "RLIM_INFINITY" : Long.toUnsignedString(value);
  }
}
