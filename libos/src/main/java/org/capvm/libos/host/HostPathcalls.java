package org.capvm.libos.host;

import static org.capvm.libos.host.HostSystemCall.call;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * Host calls that take a name. Every name is relative to a directory descriptor, and every walk of
 * more than one component goes through {@link #openBeneath}, where the host's kernel itself refuses
 * to leave the directory or to follow a symbolic link. The other calls take one component, which
 * can be neither.
 *
 * <p>Names are one byte per character. Every method returns what Linux returns, a value or -errno.
 */
public final class HostPathcalls {
  private static final int MKDIRAT = 258;
  private static final int UNLINKAT = 263;
  private static final int LINKAT = 265;
  private static final int SYMLINKAT = 266;
  private static final int READLINKAT = 267;
  private static final int MKNODAT = 259;
  private static final int FCHMODAT = 268;
  private static final int FCHOWNAT = 260;
  private static final int UTIMENSAT = 280;
  private static final int RENAMEAT2 = 316;
  private static final int STATX = 332;
  private static final int OPENAT2 = 437;
  private static final int OPENAT = 257;
  private static final int AT_FDCWD = -100;
  private static final int FSTATFS = 138;

  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int AT_SYMLINK_NOFOLLOW = 0x100;
  private static final int AT_REMOVEDIR = 0x200;
  private static final long RESOLVE_NO_MAGICLINKS = 0x02;
  private static final long RESOLVE_NO_SYMLINKS = 0x04;
  private static final long RESOLVE_BENEATH = 0x08;

  private static final long O_CLOEXEC = 02000000;
  private static final long O_NOFOLLOW = 0400000;
  private static final int OPEN_HOW_BYTES = 24;
  private static final int STATX_BASIC_AND_BIRTH = 0xFFF;

  private static final int PATH_MAX = 4096;

  /** Where paths and structures go in the thread's scratch memory: two paths, then a structure. */
  private static final int FIRST_PATH = 0;

  private static final int SECOND_PATH = 8192;
  private static final int STRUCTURE = 16384;

  private HostPathcalls() {}

  /**
   * Opens what lies beneath a directory. No symbolic link is followed, not even the last component,
   * and nothing outside the directory is reached, whatever is renamed meanwhile.
   *
   * @param path relative, without leading slash; empty names the directory itself
   * @param flags open flags; close-on-exec and no-follow are added
   */
  public static long openBeneath(int directory, String path, long flags, int mode) {
    MemorySegment scratch = HostScratch.get();
    long pathAddress = string(scratch, FIRST_PATH, path.isEmpty() ? "." : path);
    scratch.set(ValueLayout.JAVA_LONG, STRUCTURE, flags | O_CLOEXEC | O_NOFOLLOW);
    scratch.set(ValueLayout.JAVA_LONG, STRUCTURE + 8, mode);
    scratch.set(
        ValueLayout.JAVA_LONG,
        STRUCTURE + 16,
        RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    return call(OPENAT2, directory, pathAddress, scratch.address() + STRUCTURE, OPEN_HOW_BYTES);
  }

  /**
   * Opens anew, with other flags, what a descriptor stands for: through the host's own link to it,
   * so that no name is walked.
   */
  public static long reopen(int descriptor, long flags) {
    MemorySegment scratch = HostScratch.get();
    long path = string(scratch, FIRST_PATH, "/proc/self/fd/" + descriptor);
    return call(OPENAT, AT_FDCWD, path, flags | O_CLOEXEC, 0);
  }

  /**
   * The status of the file a descriptor stands for, also for {@code O_PATH} descriptors.
   *
   * @param result receives the host's {@code struct statx}, in the thread's scratch memory
   */
  public static long status(int descriptor, HostStatusReader result) {
    return statx(descriptor, "", AT_EMPTY_PATH, result);
  }

  /** The status of one name in a directory, a symbolic link itself if it is one. */
  public static long statusOf(int directory, String name, HostStatusReader result) {
    return isOneName(name) ? statx(directory, name, AT_SYMLINK_NOFOLLOW, result) : -Errno.ENOENT;
  }

  /**
   * Whether a walk of this would stay in the directory: the calls that the host's kernel does not
   * confine take no other names.
   */
  private static boolean isOneName(String name) {
    return !name.isEmpty() && !name.equals(".") && !name.equals("..") && name.indexOf('/') < 0;
  }

  private static long statx(int directory, String name, int flags, HostStatusReader result) {
    MemorySegment scratch = HostScratch.get();
    long path = string(scratch, FIRST_PATH, name);
    long status =
        call(
            STATX, directory, path, flags, STATX_BASIC_AND_BIRTH, scratch.address() + STRUCTURE, 0);
    if (status == 0) {
      result.read(scratch.asSlice(STRUCTURE, 256));
    }
    return status;
  }

  /** Receives a {@code struct statx}, valid during the call. */
  @FunctionalInterface
  public interface HostStatusReader {
    /** Copies what is wanted out of the 256-byte structure. */
    void read(MemorySegment statx);
  }

  /** {@code mkdirat}. */
  public static long makeDirectory(int directory, String name, int mode) {
    return call(MKDIRAT, directory, string(HostScratch.get(), FIRST_PATH, name), mode);
  }

  /** {@code mknodat}. */
  public static long makeNode(int directory, String name, int mode, long device) {
    return call(MKNODAT, directory, string(HostScratch.get(), FIRST_PATH, name), mode, device);
  }

  /** {@code unlinkat} of something that is not a directory. */
  public static long unlink(int directory, String name) {
    return call(UNLINKAT, directory, string(HostScratch.get(), FIRST_PATH, name), 0);
  }

  /** {@code unlinkat} of a directory. */
  public static long removeDirectory(int directory, String name) {
    return call(UNLINKAT, directory, string(HostScratch.get(), FIRST_PATH, name), AT_REMOVEDIR);
  }

  /** {@code renameat2}. */
  public static long rename(
      int oldDirectory, String oldName, int newDirectory, String newName, int flags) {
    MemorySegment scratch = HostScratch.get();
    return call(
        RENAMEAT2,
        oldDirectory,
        string(scratch, FIRST_PATH, oldName),
        newDirectory,
        string(scratch, SECOND_PATH, newName),
        flags,
        0);
  }

  /** {@code linkat} of one name to another, without following a symbolic link. */
  public static long link(int oldDirectory, String oldName, int newDirectory, String newName) {
    MemorySegment scratch = HostScratch.get();
    return call(
        LINKAT,
        oldDirectory,
        string(scratch, FIRST_PATH, oldName),
        newDirectory,
        string(scratch, SECOND_PATH, newName),
        0,
        0);
  }

  /** {@code symlinkat}. */
  public static long symbolicLink(String target, int directory, String name) {
    MemorySegment scratch = HostScratch.get();
    return call(
        SYMLINKAT,
        string(scratch, FIRST_PATH, target),
        directory,
        string(scratch, SECOND_PATH, name));
  }

  /**
   * Reads a symbolic link in a directory.
   *
   * @return the target, one byte per character, or null if the host refused
   */
  public static String readLink(int directory, String name) {
    if (!isOneName(name)) {
      return null;
    }
    MemorySegment scratch = HostScratch.get();
    long path = string(scratch, FIRST_PATH, name);
    long length =
        call(READLINKAT, directory, path, scratch.address() + SECOND_PATH, STRUCTURE - SECOND_PATH);
    if (length < 0) {
      return null;
    }
    byte[] bytes = new byte[(int) length];
    MemorySegment.copy(scratch, ValueLayout.JAVA_BYTE, SECOND_PATH, bytes, 0, bytes.length);
    return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
  }

  /**
   * Sets the mode of what a descriptor stands for; {@code O_PATH} will do. A symbolic link gives
   * EOPNOTSUPP.
   */
  public static long changeMode(int descriptor, int mode) {
    MemorySegment scratch = HostScratch.get();
    long path = string(scratch, FIRST_PATH, "/proc/self/fd/" + descriptor);
    return call(FCHMODAT, AT_FDCWD, path, mode);
  }

  /** {@code fchownat} of what a descriptor stands for; {@code O_PATH} will do. */
  public static long changeOwner(int descriptor, int uid, int gid) {
    long path = string(HostScratch.get(), FIRST_PATH, "");
    return call(FCHOWNAT, descriptor, path, uid, gid, AT_EMPTY_PATH, 0);
  }

  /**
   * {@code utimensat} of what a descriptor stands for; {@code O_PATH} will do.
   *
   * @param accessNanos nanosecond field of the access time, or {@code UTIME_NOW}, {@code
   *     UTIME_OMIT}
   */
  public static long changeTimes(
      int descriptor,
      long accessSeconds,
      long accessNanos,
      long modificationSeconds,
      long modificationNanos) {
    MemorySegment scratch = HostScratch.get();
    long path = string(scratch, FIRST_PATH, "");
    scratch.set(ValueLayout.JAVA_LONG, STRUCTURE, accessSeconds);
    scratch.set(ValueLayout.JAVA_LONG, STRUCTURE + 8, accessNanos);
    scratch.set(ValueLayout.JAVA_LONG, STRUCTURE + 16, modificationSeconds);
    scratch.set(ValueLayout.JAVA_LONG, STRUCTURE + 24, modificationNanos);
    return call(UTIMENSAT, descriptor, path, scratch.address() + STRUCTURE, AT_EMPTY_PATH);
  }

  /** {@code fstatfs} into 120 bytes of the thread's scratch memory, handed to the reader. */
  public static long fileSystemStatus(int descriptor, HostStatusReader result) {
    MemorySegment scratch = HostScratch.get();
    long status = call(FSTATFS, descriptor, scratch.address() + STRUCTURE);
    if (status == 0) {
      result.read(scratch.asSlice(STRUCTURE, 120));
    }
    return status;
  }

  /** Writes a path for the host, which takes none of PATH_MAX bytes or more. */
  private static long string(MemorySegment scratch, int offset, String path) {
    int length = path.length();
    if (length >= PATH_MAX) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
    for (int i = 0; i < length; i++) {
      scratch.set(ValueLayout.JAVA_BYTE, (long) offset + i, (byte) path.charAt(i));
    }
    scratch.set(ValueLayout.JAVA_BYTE, (long) offset + length, (byte) 0);
    return scratch.address() + offset;
  }
}
