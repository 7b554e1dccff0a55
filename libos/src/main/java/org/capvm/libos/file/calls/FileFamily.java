package org.capvm.libos.file.calls;

import static org.capvm.libos.ArgumentKind.ACCESS_MODE;
import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.AT_FLAGS;
import static org.capvm.libos.ArgumentKind.BUFFER;
import static org.capvm.libos.ArgumentKind.DIRECTORY_FD;
import static org.capvm.libos.ArgumentKind.FCNTL_COMMAND;
import static org.capvm.libos.ArgumentKind.FD;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.IOCTL_COMMAND;
import static org.capvm.libos.ArgumentKind.IOVEC;
import static org.capvm.libos.ArgumentKind.LONG;
import static org.capvm.libos.ArgumentKind.OPEN_FLAGS;
import static org.capvm.libos.ArgumentKind.OPEN_MODE;
import static org.capvm.libos.ArgumentKind.OUT_BUFFER;
import static org.capvm.libos.ArgumentKind.OUT_DIRENTS;
import static org.capvm.libos.ArgumentKind.OUT_FD_PAIR;
import static org.capvm.libos.ArgumentKind.OUT_IOVEC;
import static org.capvm.libos.ArgumentKind.OUT_STAT;
import static org.capvm.libos.ArgumentKind.OUT_STATFS;
import static org.capvm.libos.ArgumentKind.OUT_STATX;
import static org.capvm.libos.ArgumentKind.PATH;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.UNSIGNED;
import static org.capvm.libos.ArgumentKind.WHENCE;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;

/** Rows of the calls that open, read, write and describe files. */
public final class FileFamily implements SystemCallFamily {
  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 0 ->
          done(
              0,
              "read",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.read(t, (int) a, b, c),
              FD,
              OUT_BUFFER,
              SIZE);
      case 1 ->
          done(
              1,
              "write",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.write(t, (int) a, b, c),
              FD,
              BUFFER,
              SIZE);
      case 2 ->
          done(
              2,
              "open",
              (t, a, b, c, d, e, f) -> OpenCalls.open(t, a, (int) b, (int) c),
              PATH,
              OPEN_FLAGS,
              OPEN_MODE);
      case 3 -> done(3, "close", (t, a, b, c, d, e, f) -> OpenCalls.close(t, (int) a), FD);
      case 4 -> done(4, "stat", (t, a, b, c, d, e, f) -> StatCalls.stat(t, a, b), PATH, OUT_STAT);
      case 5 ->
          done(5, "fstat", (t, a, b, c, d, e, f) -> StatCalls.fstat(t, (int) a, b), FD, OUT_STAT);
      case 6 -> done(6, "lstat", (t, a, b, c, d, e, f) -> StatCalls.lstat(t, a, b), PATH, OUT_STAT);
      case 8 ->
          done(
              8,
              "lseek",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.lseek(t, (int) a, b, (int) c),
              FD,
              LONG,
              WHENCE);
      case 16 ->
          partial(
              16,
              "ioctl",
              (t, a, b, c, d, e, f) -> DescriptorCalls.ioctl(t, (int) a, (int) b, c),
              "terminals, FIONREAD, FIONBIO, FIOCLEX, FIOASYNC (as fcntl O_ASYNC: no SIGIO is sent)"
                  + " and what sockets have; ENOTTY for the rest",
              FD,
              IOCTL_COMMAND,
              HEX);
      case 17 ->
          done(
              17,
              "pread64",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.pread(t, (int) a, b, c, d),
              FD,
              OUT_BUFFER,
              SIZE,
              LONG);
      case 18 ->
          done(
              18,
              "pwrite64",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.pwrite(t, (int) a, b, c, d),
              FD,
              BUFFER,
              SIZE,
              LONG);
      case 19 ->
          done(
              19,
              "readv",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.readv(t, (int) a, b, c),
              FD,
              OUT_IOVEC,
              SIZE);
      case 20 ->
          done(
              20,
              "writev",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.writev(t, (int) a, b, c),
              FD,
              IOVEC,
              SIZE);
      case 21 ->
          done(
              21,
              "access",
              (t, a, b, c, d, e, f) -> StatCalls.access(t, a, (int) b),
              PATH,
              ACCESS_MODE);
      case 22 ->
          done(22, "pipe", (t, a, b, c, d, e, f) -> DescriptorCalls.pipe2(t, a, 0), OUT_FD_PAIR);
      case 32 -> done(32, "dup", (t, a, b, c, d, e, f) -> DescriptorCalls.dup(t, (int) a), FD);
      case 33 ->
          done(
              33,
              "dup2",
              (t, a, b, c, d, e, f) -> DescriptorCalls.dup2(t, (int) a, (int) b),
              FD,
              FD);
      case 72 ->
          partial(
              72,
              "fcntl",
              (t, a, b, c, d, e, f) -> DescriptorCalls.fcntl(t, (int) a, (int) b, c),
              "no leases; O_ASYNC sends no signals; a thread as owner means its process; record"
                  + " locks do not detect deadlocks",
              FD,
              FCNTL_COMMAND,
              HEX);
      case 73 ->
          done(
              73,
              "flock",
              (t, a, b, c, d, e, f) -> DescriptorCalls.flock(t, (int) a, (int) b),
              FD,
              INT);
      case 74 -> done(74, "fsync", (t, a, b, c, d, e, f) -> SyncCalls.fsync(t, (int) a, false), FD);
      case 75 ->
          done(75, "fdatasync", (t, a, b, c, d, e, f) -> SyncCalls.fsync(t, (int) a, true), FD);
      case 78 ->
          done(
              78,
              "getdents",
              (t, a, b, c, d, e, f) -> DirectoryCalls.getdents(t, (int) a, b, c),
              FD,
              ADDRESS,
              SIZE);
      case 85 ->
          done(
              85,
              "creat",
              (t, a, b, c, d, e, f) -> OpenCalls.creat(t, a, (int) b),
              PATH,
              OPEN_MODE);
      case 89 ->
          done(
              89,
              "readlink",
              (t, a, b, c, d, e, f) -> StatCalls.readlink(t, a, b, c),
              PATH,
              OUT_BUFFER,
              SIZE);
      case 137 ->
          done(137, "statfs", (t, a, b, c, d, e, f) -> StatCalls.statfs(t, a, b), PATH, OUT_STATFS);
      case 138 ->
          done(
              138,
              "fstatfs",
              (t, a, b, c, d, e, f) -> StatCalls.fstatfs(t, (int) a, b),
              FD,
              OUT_STATFS);
      case 162 -> done(162, "sync", (t, a, b, c, d, e, f) -> SyncCalls.sync(t));
      case 187 ->
          done(
                  187,
                  "readahead",
                  (t, a, b, c, d, e, f) -> SyncCalls.readahead(t, (int) a, c),
                  FD,
                  LONG,
                  SIZE)
              .noting("a hint about speed: checked and left to the host's own read-ahead");
      case 217 ->
          done(
              217,
              "getdents64",
              (t, a, b, c, d, e, f) -> DirectoryCalls.getdents64(t, (int) a, b, c),
              FD,
              OUT_DIRENTS,
              SIZE);
      case 221 ->
          done(
              221,
              "fadvise64",
              (t, a, b, c, d, e, f) -> SyncCalls.fadvise(t, (int) a, b, c, (int) d),
              FD,
              LONG,
              SIZE,
              INT);
      default -> laterRow(number);
    };
  }

  private static SystemCall laterRow(int number) {
    return switch (number) {
      case 257 ->
          done(
              257,
              "openat",
              (t, a, b, c, d, e, f) -> OpenCalls.openat(t, (int) a, b, (int) c, (int) d),
              DIRECTORY_FD,
              PATH,
              OPEN_FLAGS,
              OPEN_MODE);
      case 262 ->
          done(
              262,
              "newfstatat",
              (t, a, b, c, d, e, f) -> StatCalls.newfstatat(t, (int) a, b, c, (int) d),
              DIRECTORY_FD,
              PATH,
              OUT_STAT,
              AT_FLAGS);
      case 267 ->
          done(
              267,
              "readlinkat",
              (t, a, b, c, d, e, f) -> StatCalls.readlinkat(t, (int) a, b, c, (int) d),
              DIRECTORY_FD,
              PATH,
              OUT_BUFFER,
              SIZE);
      case 269 ->
          done(
              269,
              "faccessat",
              (t, a, b, c, d, e, f) -> StatCalls.faccessat2(t, (int) a, b, (int) c, 0),
              DIRECTORY_FD,
              PATH,
              ACCESS_MODE);
      case 277 ->
          done(
              277,
              "sync_file_range",
              (t, a, b, c, d, e, f) -> SyncCalls.syncFileRange(t, (int) a, b, c, (int) d),
              FD,
              LONG,
              LONG,
              UNSIGNED);
      case 292 ->
          done(
              292,
              "dup3",
              (t, a, b, c, d, e, f) -> DescriptorCalls.dup3(t, (int) a, (int) b, (int) c),
              FD,
              FD,
              OPEN_FLAGS);
      case 293 ->
          done(
              293,
              "pipe2",
              (t, a, b, c, d, e, f) -> DescriptorCalls.pipe2(t, a, (int) b),
              OUT_FD_PAIR,
              OPEN_FLAGS);
      case 295 ->
          done(
              295,
              "preadv",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.preadv(t, (int) a, b, c, d),
              FD,
              OUT_IOVEC,
              SIZE,
              LONG);
      case 296 ->
          done(
              296,
              "pwritev",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.pwritev(t, (int) a, b, c, d),
              FD,
              IOVEC,
              SIZE,
              LONG);
      case 306 -> done(306, "syncfs", (t, a, b, c, d, e, f) -> SyncCalls.syncfs(t, (int) a), FD);
      case 327 ->
          partial(
              327,
              "preadv2",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.preadv2(t, (int) a, b, c, d, (int) f),
              "RWF_NOWAIT and RWF_APPEND give EOPNOTSUPP",
              FD,
              OUT_IOVEC,
              SIZE,
              LONG);
      case 328 ->
          partial(
              328,
              "pwritev2",
              (t, a, b, c, d, e, f) -> ReadWriteCalls.pwritev2(t, (int) a, b, c, d, (int) f),
              "RWF_NOWAIT and RWF_APPEND give EOPNOTSUPP",
              FD,
              IOVEC,
              SIZE,
              LONG);
      case 332 ->
          done(
              332,
              "statx",
              (t, a, b, c, d, e, f) -> StatCalls.statx(t, (int) a, b, (int) c, (int) d, e),
              DIRECTORY_FD,
              PATH,
              AT_FLAGS,
              HEX,
              OUT_STATX);
      case 436 ->
          done(
              436,
              "close_range",
              (t, a, b, c, d, e, f) -> OpenCalls.closeRange(t, (int) a, (int) b, (int) c),
              FD,
              FD,
              UNSIGNED);
      case 437 ->
          done(
              437,
              "openat2",
              (t, a, b, c, d, e, f) -> OpenCalls.openat2(t, (int) a, b, c, d),
              DIRECTORY_FD,
              PATH,
              ADDRESS,
              SIZE);
      case 439 ->
          done(
              439,
              "faccessat2",
              (t, a, b, c, d, e, f) -> StatCalls.faccessat2(t, (int) a, b, (int) c, (int) d),
              DIRECTORY_FD,
              PATH,
              ACCESS_MODE,
              AT_FLAGS);
      default -> null;
    };
  }
}
