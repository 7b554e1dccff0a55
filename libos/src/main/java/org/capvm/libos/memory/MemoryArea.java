package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.MAP_GROWSDOWN;
import static org.capvm.libos.abi.Mman.MAP_NORESERVE;
import static org.capvm.libos.abi.Mman.MAP_SHARED;
import static org.capvm.libos.abi.Mman.PROT_EXEC;
import static org.capvm.libos.abi.Mman.PROT_READ;
import static org.capvm.libos.abi.Mman.PROT_WRITE;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A run of guest pages with the same properties. Immutable.
 *
 * @param start first guest address, page-aligned
 * @param end one past the last guest address, page-aligned, at most 2^32
 * @param protection {@code PROT_} bits as the guest asked
 * @param flags of {@code MAP_SHARED}, {@code MAP_GROWSDOWN}, {@code MAP_NORESERVE}, {@code
 *     MAP_LOCKED}, and {@link #WAS_WRITABLE}
 * @param forkAdvice {@code MADV_DONTFORK}, {@code MADV_WIPEONFORK} or 0
 * @param file what is mapped, or null for anonymous memory
 * @param fileOffset offset of {@code start} in the file; 0 for anonymous memory
 * @param backing where the content of private anonymous memory is; null for files and shared memory
 * @param name what {@code /proc/PID/maps} calls anonymous memory, such as {@code [heap]}; or null
 */
public record MemoryArea(
    long start,
    long end,
    int protection,
    int flags,
    int forkAdvice,
    MappedFile file,
    long fileOffset,
    Backing backing,
    String name) {
  /** The guest could write here once, so that private pages may differ from the file's. */
  static final int WAS_WRITABLE = 1 << 31;

  /** The name of the stack that a program starts on. */
  public static final String STACK = "[stack]";

  /** Size in bytes. */
  public long length() {
    return end - start;
  }

  /** Whether stores by others are seen here and the other way round. */
  public boolean isShared() {
    return (flags & MAP_SHARED) != 0;
  }

  /** Whether the guest may store. */
  public boolean isWritable() {
    return (protection & PROT_WRITE) != 0;
  }

  /** Whether the content is that of a file, which the guest has not been able to change. */
  boolean isAsInFile() {
    return file != null && !isShared() && !isWritable() && (flags & WAS_WRITABLE) == 0;
  }

  /** Whether the guest may execute. */
  public boolean isExecutable() {
    return (protection & PROT_EXEC) != 0;
  }

  /** Whether a fault just below extends the area. */
  public boolean growsDown() {
    return (flags & MAP_GROWSDOWN) != 0;
  }

  /**
   * Whether this is the stack that a program starts on, which has all of its room from the start.
   */
  boolean isMainStack() {
    return STACK.equals(name);
  }

  /** Whether this is private memory without a file, whose content is in the memory file. */
  boolean isPrivateAnonymous() {
    return file == null && !isShared();
  }

  /** Whether an address lies inside. */
  public boolean contains(long guestAddress) {
    return guestAddress >= start && guestAddress < end;
  }

  /**
   * Whether the area counts as memory the guest may come to use: private and writable, or shared
   * anonymous.
   */
  public boolean isAccountable() {
    return !isShared() && isWritable() && (flags & MAP_NORESERVE) == 0;
  }

  /**
   * The protection of the host's pages: never executable, and readable whenever x86 would let the
   * guest read (writable and executable pages are).
   */
  public int hostProtection() {
    if ((protection & (PROT_READ | PROT_WRITE | PROT_EXEC)) == 0) {
      return 0;
    }
    return PROT_READ | (protection & PROT_WRITE);
  }

  /** The part of the area within bounds, which must overlap it. */
  MemoryArea slice(long from, long to) {
    long newStart = Math.max(start, from);
    long newEnd = Math.min(end, to);
    long offset = file == null ? 0 : fileOffset + (newStart - start);
    Backing place = backing == null ? null : backing.plus(newStart - start);
    return new MemoryArea(
        newStart, newEnd, protection, flags, forkAdvice, file, offset, place, name);
  }

  MemoryArea withProtection(int changed) {
    int kept = file != null && isWritable() ? flags | WAS_WRITABLE : flags;
    return new MemoryArea(start, end, changed, kept, forkAdvice, file, fileOffset, backing, name);
  }

  MemoryArea withFlags(int changed) {
    return new MemoryArea(
        start, end, protection, changed, forkAdvice, file, fileOffset, backing, name);
  }

  MemoryArea withForkAdvice(int changed) {
    return new MemoryArea(start, end, protection, flags, changed, file, fileOffset, backing, name);
  }

  /** The area with its content in the memory file, whatever it was before. */
  MemoryArea withBacking(Backing changed) {
    return new MemoryArea(start, end, protection, flags, forkAdvice, null, 0, changed, label());
  }

  /** What {@code /proc/PID/maps} calls the area, or null. */
  String label() {
    return file == null ? name : file.path();
  }

  MemoryArea movedTo(long newStart, long newEnd) {
    return new MemoryArea(
        newStart, newEnd, protection, flags, forkAdvice, file, fileOffset, backing, name);
  }

  /** Whether the next area continues this one, so that the two can be one. */
  boolean continuesWith(MemoryArea next) {
    return end == next.start
        && protection == next.protection
        && flags == next.flags
        && forkAdvice == next.forkAdvice
        && file == next.file
        && (file == null || fileOffset + length() == next.fileOffset)
        && (backing == null ? next.backing == null : backing.plus(length()).equals(next.backing))
        && Objects.equals(name, next.name);
  }

  /**
   * Whether the next area can be in the same mapping of the host, whatever the guest may do there.
   */
  boolean continuesOnHostWith(MemoryArea next) {
    return end == next.start
        && hostProtection() == next.hostProtection()
        && isShared() == next.isShared()
        && file == next.file
        && (file == null || fileOffset + length() == next.fileOffset)
        && (backing == null ? next.backing == null : backing.plus(length()).equals(next.backing));
  }

  /** Whether it says what is in it: what a child has empty of its parent does not yet. */
  boolean hasContent() {
    return file != null || backing != null;
  }

  /**
   * What the host has mapped for areas: neighbours that can be one mapping are.
   *
   * @param areas with content, in order
   */
  static List<MemoryArea> hostRuns(List<MemoryArea> areas) {
    List<MemoryArea> runs = new ArrayList<>();
    for (MemoryArea area : areas) {
      MemoryArea last = runs.isEmpty() ? null : runs.getLast();
      if (last != null && last.continuesOnHostWith(area)) {
        runs.set(runs.size() - 1, last.movedTo(last.start(), area.end()));
      } else {
        runs.add(area);
      }
    }
    return runs;
  }

  /** Whether the host has the same mapped for both. */
  boolean isOnHostAs(MemoryArea other) {
    return start == other.start
        && end == other.end
        && hostProtection() == other.hostProtection()
        && isShared() == other.isShared()
        && file == other.file
        && fileOffset == other.fileOffset
        && Objects.equals(backing, other.backing);
  }

  /** The area's line in {@code /proc/PID/maps}, without a line end. */
  public String mapsLine() {
    StringBuilder line = new StringBuilder(96);
    line.append(String.format("%08x-%08x ", start, end));
    line.append((protection & PROT_READ) != 0 ? 'r' : '-');
    line.append(isWritable() ? 'w' : '-');
    line.append(isExecutable() ? 'x' : '-');
    line.append(isShared() ? 's' : 'p');
    long device = file == null ? 0 : file.device();
    long major = (device >>> 8) & 0xfff;
    long minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
    line.append(String.format(" %08x %02x:%02x ", fileOffset, major, minor));
    line.append(file == null ? 0 : file.inode());
    if (label() != null) {
      line.append(" ".repeat(Math.max(1, 73 - line.length()))).append(label());
    }
    return line.toString();
  }
}
