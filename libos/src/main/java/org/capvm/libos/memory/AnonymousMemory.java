package org.capvm.libos.memory;

import static org.capvm.machine.layout.SlotLayout.GUEST_BYTES;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * Places the private memory of one address space in the cVM's memory file. Not thread-safe: the
 * address space's lock guards it; the file is shared and guards itself.
 */
final class AnonymousMemory {
  private final MemoryFile file;

  /** Planes this address space has put memory in, the first one first. */
  private final List<Long> planes = new ArrayList<>();

  AnonymousMemory(MemoryFile file) {
    this.file = file;
  }

  /** The cVM's memory file. */
  MemoryFile file() {
    return file;
  }

  /**
   * Takes room for memory at a guest address; it reads as zeros. Neighbours in guest memory become
   * neighbours in the file where they can.
   */
  Backing place(long guestAddress, long lengthBytes) {
    for (long plane : planes) {
      if (file.take(offset(plane, guestAddress), lengthBytes)) {
        return new Backing(offset(plane, guestAddress), false);
      }
    }
    long plane = newPlane();
    if (!file.take(offset(plane, guestAddress), lengthBytes)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return new Backing(offset(plane, guestAddress), false);
  }

  /** Takes room for memory that is expected to grow and to move, in a plane of its own. */
  Backing placeApart(long lengthBytes) {
    long offset = offset(file.newPlane(), 0);
    if (!file.take(offset, lengthBytes)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return new Backing(offset, false);
  }

  /** Takes the room behind an area, so that it can grow where it is in the file. */
  boolean extend(MemoryArea area, long moreBytes) {
    long end = area.backing().offset() + area.length();
    boolean staysInPlane = moreBytes <= GUEST_BYTES - end % GUEST_BYTES;
    return staysInPlane && file.take(end, moreBytes);
  }

  /** Adds a holder of what areas have in the file. */
  void retain(List<MemoryArea> areas) {
    forEachRun(areas, file::retain);
  }

  /** Gives back the room of areas, as far as they have any. */
  void release(List<MemoryArea> areas) {
    forEachRun(areas, file::release);
  }

  @FunctionalInterface
  private interface Change {
    void to(long offset, long lengthBytes);
  }

  /** Neighbours in the file are changed in one. */
  private static void forEachRun(List<MemoryArea> areas, Change change) {
    long start = 0;
    long end = 0;
    for (MemoryArea area : areas) {
      if (area.backing() != null) {
        long offset = area.backing().offset();
        if (offset != end) {
          if (end > start) {
            change.to(start, end - start);
          }
          start = offset;
        }
        end = offset + area.length();
      }
    }
    if (end > start) {
      change.to(start, end - start);
    }
  }

  /** Gives back the room of an area, if it has any. */
  void release(MemoryArea area) {
    if (area.backing() != null) {
      file.release(area.backing().offset(), area.length());
    }
  }

  private long newPlane() {
    long plane = file.newPlane();
    planes.add(plane);
    return plane;
  }

  private static long offset(long plane, long guestAddress) {
    return plane * GUEST_BYTES + guestAddress;
  }
}
