package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.MADV_COLD;
import static org.capvm.libos.abi.Mman.MADV_COLLAPSE;
import static org.capvm.libos.abi.Mman.MADV_DODUMP;
import static org.capvm.libos.abi.Mman.MADV_DOFORK;
import static org.capvm.libos.abi.Mman.MADV_DONTDUMP;
import static org.capvm.libos.abi.Mman.MADV_DONTFORK;
import static org.capvm.libos.abi.Mman.MADV_DONTNEED;
import static org.capvm.libos.abi.Mman.MADV_FREE;
import static org.capvm.libos.abi.Mman.MADV_HUGEPAGE;
import static org.capvm.libos.abi.Mman.MADV_KEEPONFORK;
import static org.capvm.libos.abi.Mman.MADV_MERGEABLE;
import static org.capvm.libos.abi.Mman.MADV_NOHUGEPAGE;
import static org.capvm.libos.abi.Mman.MADV_NORMAL;
import static org.capvm.libos.abi.Mman.MADV_PAGEOUT;
import static org.capvm.libos.abi.Mman.MADV_POPULATE_READ;
import static org.capvm.libos.abi.Mman.MADV_POPULATE_WRITE;
import static org.capvm.libos.abi.Mman.MADV_RANDOM;
import static org.capvm.libos.abi.Mman.MADV_REMOVE;
import static org.capvm.libos.abi.Mman.MADV_SEQUENTIAL;
import static org.capvm.libos.abi.Mman.MADV_UNMERGEABLE;
import static org.capvm.libos.abi.Mman.MADV_WILLNEED;
import static org.capvm.libos.abi.Mman.MADV_WIPEONFORK;

import java.util.HashMap;
import java.util.Map;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * What becomes of each piece of advice that {@code madvise(2)} knows.
 *
 * <p>Used with the address space's lock held.
 */
final class MemoryAdvice {
  private static final Map<Integer, Effect> EFFECTS = effects();

  private enum Effect {
    /** Children of forks do not get the area, or get it empty. */
    NOT_INHERITED,
    /** Children of forks get the area as it is. */
    INHERITED,
    /** The content is dropped. */
    DISCARD,
    /** The host is told. */
    TELL_HOST,
    /** A hint about speed alone: leaving it out changes no result. */
    NONE
  }

  private final AreaMap areas;
  private final SlotPages pages;
  private final AnonymousMemory anonymous;
  private final CodeRanges code;
  private final MemoryAccount account;

  MemoryAdvice(
      AreaMap areas,
      SlotPages pages,
      AnonymousMemory anonymous,
      CodeRanges code,
      MemoryAccount account) {
    this.areas = areas;
    this.pages = pages;
    this.anonymous = anonymous;
    this.code = code;
    this.account = account;
  }

  private static Map<Integer, Effect> effects() {
    Map<Integer, Effect> effects = new HashMap<>();
    put(effects, Effect.NOT_INHERITED, MADV_DONTFORK, MADV_WIPEONFORK);
    put(effects, Effect.INHERITED, MADV_DOFORK, MADV_KEEPONFORK);
    put(effects, Effect.DISCARD, MADV_DONTNEED, MADV_FREE, MADV_REMOVE);
    put(effects, Effect.TELL_HOST, MADV_WILLNEED, MADV_POPULATE_READ, MADV_POPULATE_WRITE);
    put(effects, Effect.NONE, MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_COLD, MADV_PAGEOUT);
    put(effects, Effect.NONE, MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_DONTDUMP, MADV_DODUMP);
    put(effects, Effect.NONE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_COLLAPSE);
    return Map.copyOf(effects);
  }

  private static void put(Map<Integer, Effect> effects, Effect effect, int... advice) {
    for (int each : advice) {
      effects.put(each, effect);
    }
  }

  /** Whether {@code madvise} knows a piece of advice. */
  static boolean isKnown(int advice) {
    return EFFECTS.containsKey(advice);
  }

  /**
   * Follows advice about an area.
   *
   * @throws ErrnoException EINVAL, ENOMEM
   */
  void follow(MemoryArea area, int advice) {
    switch (EFFECTS.get(advice)) {
      case NOT_INHERITED -> {
        if (advice == MADV_WIPEONFORK && (area.file() != null || area.isShared())) {
          throw ErrnoException.of(Errno.EINVAL);
        }
        account.requireAreas();
        areas.insert(area.withForkAdvice(advice));
      }
      case INHERITED -> {
        account.requireAreas();
        areas.insert(area.withForkAdvice(0));
      }
      case DISCARD -> {
        code.suspend(area);
        discard(area, advice);
        code.announce(area);
      }
      case TELL_HOST -> pages.advise(area.start(), area.length(), advice);
      case NONE -> {}
    }
  }

  /** Drops the content of an area: private memory reads as zeros afterwards, or as its file. */
  private void discard(MemoryArea area, int advice) {
    Backing backing = area.backing();
    if (backing == null) {
      pages.advise(area.start(), area.length(), advice);
    } else if (backing.copyOnWrite()) {
      // Others see the file's bytes: this area gets room of its own.
      account.requireAreas();
      MemoryArea fresh = area.withBacking(anonymous.place(area.start(), area.length()));
      pages.map(fresh);
      anonymous.release(area);
      areas.insert(fresh);
      account.settle();
    } else {
      pages.clearFile(backing.offset(), area.length());
    }
  }
}
