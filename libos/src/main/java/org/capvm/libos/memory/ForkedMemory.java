package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.MADV_DONTFORK;
import static org.capvm.libos.abi.Mman.MADV_DONTNEED;
import static org.capvm.libos.abi.Mman.MADV_WIPEONFORK;
import static org.capvm.libos.abi.Mman.PROT_READ;

import java.util.ArrayList;
import java.util.List;

/**
 * Shares the memory of an address space with a child of it, copy-on-write.
 *
 * <p>Memory that this address space has to itself is in the memory file already: both map the file
 * privately from now on. Pages written to a private mapping since the last fork are not in its
 * file, so they are moved there first: back to where they were, if no other address space sees
 * those bytes any more; otherwise to room of their own, and the area is cut around them.
 *
 * <p>Where many areas have been cut while children lived on, pieces that lie side by side move to
 * room of their own together: each piece is a mapping of the host, in every child again, and there
 * are only so many of those.
 *
 * <p>Other threads of the parent may be running. Pages are read-only while they move; a thread that
 * stores to one faults, waits for the address space's lock and tries again.
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

  private final SlotPages pages;
  private final AnonymousMemory anonymous;
  private final AreaMap areas;

  private record PageRun(long start, long lengthBytes) {}

  ForkedMemory(SlotPages pages, AnonymousMemory anonymous, AreaMap areas) {
    this.pages = pages;
    this.anonymous = anonymous;
    this.areas = areas;
  }

  /** Gives a child, which is empty, the memory that a fork gives it. */
  void copyTo(AddressSpace child) {
    try (PageMap pageMap = new PageMap()) {
      for (MemoryArea area : areas.all()) {
        if (area.forkAdvice() != MADV_DONTFORK) {
          settleWrittenPages(pageMap, area);
        }
      }
    }
    if (areas.count() > MANY_AREAS) {
      gatherPieces();
    }
    for (MemoryArea area : areas.all()) {
      switch (area.forkAdvice()) {
        case MADV_DONTFORK -> {}
        case MADV_WIPEONFORK -> child.inherit(area.withBacking(null));
        default -> child.inherit(share(area));
      }
    }
  }

  /** Makes the parent's own mapping of an area private, and counts the child. */
  private MemoryArea share(MemoryArea area) {
    Backing backing = area.backing();
    if (backing == null) {
      return area;
    }
    MemoryArea shared = area.withBacking(backing.shared());
    if (!backing.copyOnWrite()) {
      pages.map(shared);
      areas.insert(shared);
    }
    anonymous.file().retain(backing.offset(), area.length());
    return shared;
  }

  /** Moves the written pages of a private mapping into the memory file. */
  private void settleWrittenPages(PageMap pageMap, MemoryArea area) {
    boolean mappedPrivately =
        area.backing() == null ? !area.isShared() : area.backing().copyOnWrite();
    if (!mappedPrivately) {
      return;
    }
    List<PageRun> runs = writtenPages(pageMap, area);
    if (runs.isEmpty()) {
      return;
    }
    pages.protect(area.start(), area.length(), PROT_READ);
    if (runs.size() > MAX_RUNS) {
      moveToRoomOfItsOwn(area);
    } else {
      for (PageRun run : runs) {
        settle(area.slice(run.start(), run.start() + run.lengthBytes()));
      }
    }
    pages.protect(area.start(), area.length(), area.hostProtection());
  }

  private void gatherPieces() {
    List<MemoryArea> pieces = new ArrayList<>();
    for (MemoryArea area : areas.all()) {
      if (!pieces.isEmpty() && !belongsTo(pieces, area)) {
        gather(pieces);
        pieces.clear();
      }
      if (isCopyOnWrite(area)) {
        pieces.add(area);
      }
    }
    gather(pieces);
  }

  /** Whether an area could be one with the pieces before it, were it not for its place. */
  private static boolean belongsTo(List<MemoryArea> pieces, MemoryArea area) {
    MemoryArea last = pieces.getLast();
    return isCopyOnWrite(area)
        && area.end() - pieces.getFirst().start() <= GATHERED_BYTES
        && last.withBacking(null).continuesWith(area.withBacking(null));
  }

  private static boolean isCopyOnWrite(MemoryArea area) {
    return area.backing() != null && area.backing().copyOnWrite();
  }

  private void gather(List<MemoryArea> pieces) {
    if (pieces.size() < GATHERED_PIECES) {
      return;
    }
    MemoryArea first = pieces.getFirst();
    MemoryArea whole = first.movedTo(first.start(), pieces.getLast().end());
    MemoryArea moved = whole.withBacking(anonymous.place(whole.start(), whole.length()).shared());
    pages.protect(whole.start(), whole.length(), PROT_READ);
    pages.copyToFile(whole.start(), whole.length(), moved.backing().offset());
    pages.map(moved);
    pieces.forEach(anonymous::release);
    areas.insert(moved);
  }

  private List<PageRun> writtenPages(PageMap pageMap, MemoryArea area) {
    List<PageRun> runs = new ArrayList<>();
    pages.findWrittenPages(pageMap, area, (start, length) -> runs.add(new PageRun(start, length)));
    return runs;
  }

  private void settle(MemoryArea written) {
    MemoryFile file = anonymous.file();
    Backing backing = written.backing();
    if (backing != null && file.isExclusive(backing.offset(), written.length())) {
      pages.copyToFile(written.start(), written.length(), backing.offset());
      pages.advise(written.start(), written.length(), MADV_DONTNEED);
    } else {
      moveToRoomOfItsOwn(written);
    }
  }

  private void moveToRoomOfItsOwn(MemoryArea area) {
    MemoryArea moved = area.withBacking(anonymous.place(area.start(), area.length()).shared());
    pages.copyToFile(area.start(), area.length(), moved.backing().offset());
    pages.map(moved);
    anonymous.release(area);
    areas.insert(moved);
  }
}
