package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.MADV_DONTFORK;
import static org.capvm.libos.abi.Mman.MADV_DONTNEED;
import static org.capvm.libos.abi.Mman.MADV_WIPEONFORK;
import static org.capvm.libos.abi.Mman.PROT_READ;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Shares the memory of an address space with a child of it, copy-on-write.
 *
 * <p>Memory that this address space has to itself is in the memory file already: both map the file
 * privately from now on. Pages written to a private mapping since the last fork are not in its
 * file, so they are moved there first: back to where they were, if no other address space sees
 * those bytes any more; otherwise to room of their own, and the area is cut around them. Where only
 * few have been written they are copied back and stay besides: a program that forks again and again
 * writes the same few each time, and each page that has moved costs two faults and a message to the
 * other processors.
 *
 * <p>Where many areas have been cut while children lived on, pieces that lie side by side move to
 * room of their own together: each piece is a mapping of the host, in every child again, and there
 * are only so many of those.
 *
 * <p>Other threads of the parent may be running. Pages are read-only while they move or are copied;
 * a thread that stores to one faults, waits for the address space's lock and tries again. Where no
 * other thread runs, pages that stay are copied as they are: what another process stores in the
 * meantime is not lost, and whether the child sees it is as open as on Linux.
 *
 * <p>Used with the parent's lock held.
 */
final class ForkedMemory {
  /** With more runs of written pages than this, an area moves as a whole instead of being cut. */
  private static final int MAX_RUNS = 128;

  /** With more areas than this, pieces of what was one area are put together again. */
  private static final int MANY_AREAS = 128;

  /** So much memory is put together at a time, if it is in so many pieces. */
  private static final long GATHERED_BYTES = 4L << 20;

  private static final int GATHERED_PIECES = 6;

  /** So little is put together in any case: to copy it costs no more than some mappings. */
  private static final long SMALL_BYTES = 128L << 10;

  /** Written pages with no more than this between them are cut out together. */
  private static final long BRIDGED_BYTES = 32L << 10;

  /** If no more than this has been written in an area, it stays where it is. */
  private static final long KEPT_BYTES = 64L << 10;

  private final SlotPages pages;
  private final AnonymousMemory anonymous;
  private final AreaMap areas;
  private final IntPredicate maySplit;
  private final boolean alone;

  /**
   * @param maySplit whether there may be so many more mappings of the host in either address space
   * @param alone whether no other thread runs in the parent's address space
   */
  ForkedMemory(
      SlotPages pages,
      AnonymousMemory anonymous,
      AreaMap areas,
      IntPredicate maySplit,
      boolean alone) {
    this.pages = pages;
    this.anonymous = anonymous;
    this.areas = areas;
    this.maySplit = maySplit;
    this.alone = alone;
  }

  /**
   * Makes the memory ready to be shared.
   *
   * @return the areas that the child gets, in order; what they have in the memory file is held for
   *     it
   */
  List<MemoryArea> share() {
    for (MemoryArea area : areas.all()) {
      if (area.forkAdvice() != MADV_DONTFORK) {
        settleWrittenPages(area);
      }
    }
    if (areas.count() > MANY_AREAS) {
      gatherPieces(SMALL_BYTES, 2);
      gatherPieces(GATHERED_BYTES, GATHERED_PIECES);
    }
    areas.all().forEach(this::makePrivate);
    List<MemoryArea> inherited = new ArrayList<>();
    for (MemoryArea area : areas.all()) {
      switch (area.forkAdvice()) {
        case MADV_DONTFORK -> {}
        case MADV_WIPEONFORK -> inherited.add(area.withBacking(null));
        default -> inherited.add(area);
      }
    }
    anonymous.retain(inherited);
    return inherited;
  }

  /** Maps an area that a child will share so that what the parent writes stays its own. */
  private void makePrivate(MemoryArea area) {
    Backing backing = area.backing();
    if (backing != null && !backing.copyOnWrite() && area.forkAdvice() == 0) {
      MemoryArea shared = area.withBacking(backing.shared());
      pages.map(shared);
      areas.insert(shared);
    }
  }

  /** Moves the written pages of a private mapping into the memory file. */
  private void settleWrittenPages(MemoryArea area) {
    boolean mappedPrivately =
        area.backing() == null ? !area.isShared() : area.backing().copyOnWrite();
    if (!mappedPrivately) {
      return;
    }
    List<MemoryArea> written = new ArrayList<>();
    long writtenBytes = 0;
    for (PageMap.Run run : pages.writtenPages(area)) {
      written.add(area.slice(run.start(), run.start() + run.lengthBytes()));
      writtenBytes += run.lengthBytes();
    }
    if (written.isEmpty()) {
      return;
    }
    boolean stay = writtenBytes <= KEPT_BYTES;
    if (stay && alone && written.stream().allMatch(this::hasPlace)) {
      written.forEach(this::copyToPlace);
      return;
    }
    pages.protect(area.start(), area.length(), PROT_READ);
    List<MemoryArea> cut = new ArrayList<>();
    for (MemoryArea run : written) {
      if (!hasPlace(run)) {
        addToCut(cut, run, area);
        continue;
      }
      copyToPlace(run);
      if (!stay) {
        pages.advise(run.start(), run.length(), MADV_DONTNEED);
      }
    }
    if (cut.size() > MAX_RUNS || !maySplit.test(2 * cut.size())) {
      moveToRoomOfItsOwn(area);
    } else {
      cut.forEach(this::moveToRoomOfItsOwn);
    }
    pages.protect(area.start(), area.length(), area.hostProtection());
  }

  /**
   * Puts pieces side by side together.
   *
   * @param mostBytes how much at a time
   * @param leastPieces how many there must be
   */
  private void gatherPieces(long mostBytes, int leastPieces) {
    List<MemoryArea> pieces = new ArrayList<>();
    for (MemoryArea area : areas.all()) {
      if (!pieces.isEmpty() && !belongsTo(pieces, area, mostBytes)) {
        gather(pieces, leastPieces);
        pieces.clear();
      }
      if (isCopyOnWrite(area)) {
        pieces.add(area);
      }
    }
    gather(pieces, leastPieces);
  }

  /** Whether an area could be one with the pieces before it, were it not for its place. */
  private static boolean belongsTo(List<MemoryArea> pieces, MemoryArea area, long mostBytes) {
    MemoryArea last = pieces.getLast();
    return isCopyOnWrite(area)
        && area.end() - pieces.getFirst().start() <= mostBytes
        && last.withBacking(null).continuesWith(area.withBacking(null));
  }

  private static boolean isCopyOnWrite(MemoryArea area) {
    return area.backing() != null && area.backing().copyOnWrite();
  }

  private void gather(List<MemoryArea> pieces, int leastPieces) {
    if (pieces.size() < leastPieces) {
      return;
    }
    long start = pieces.getFirst().start();
    long length = pieces.getLast().end() - start;
    new AreaJoin(pages, anonymous, areas).join(pieces, anonymous.place(start, length).shared());
  }

  /** Whether written pages can go back to where they were: no other address space sees that. */
  private boolean hasPlace(MemoryArea written) {
    Backing backing = written.backing();
    return backing != null && anonymous.file().isExclusive(backing.offset(), written.length());
  }

  private void copyToPlace(MemoryArea written) {
    pages.copyToFile(written.start(), written.length(), written.backing().offset());
  }

  /** What lies close together is cut out in one. */
  private static void addToCut(List<MemoryArea> cut, MemoryArea written, MemoryArea area) {
    if (!cut.isEmpty() && written.start() - cut.getLast().end() <= BRIDGED_BYTES) {
      cut.add(area.slice(cut.removeLast().start(), written.end()));
    } else {
      cut.add(written);
    }
  }

  private void moveToRoomOfItsOwn(MemoryArea area) {
    MemoryArea moved = area.withBacking(anonymous.place(area.start(), area.length()).shared());
    pages.copyToFile(area.start(), area.length(), moved.backing().offset());
    // Read-only, as what is around it: so the host can make it one with neighbours.
    pages.map(moved.withProtection(PROT_READ));
    anonymous.release(area);
    areas.insert(moved);
  }
}
