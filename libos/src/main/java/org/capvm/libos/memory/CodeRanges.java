package org.capvm.libos.memory;

import static org.capvm.libos.memory.AddressLayout.PAGE;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.capvm.libos.abi.Mman;
import org.capvm.machine.code.CodeMemory;
import org.capvm.machine.code.CodeOrigin;
import org.capvm.machine.code.CodeSpace;

/**
 * Keeps translations true to memory. Tells the {@link CodeSpace} which pages are executable, and
 * takes the host's write permission from pages that are writable as well while translations of them
 * exist: the next store faults, and drops the translations.
 *
 * <p>Called with the address space's lock held, except what {@link CodeMemory} declares, which the
 * translator calls with its own lock held; the lock here is inside both.
 */
final class CodeRanges implements CodeMemory {
  private final SlotPages pages;
  private final MemoryLimit limit;
  private final CodeSpace code;

  /** Executable and writable ranges, start to end. */
  private final TreeMap<Long, Long> writable = new TreeMap<>();

  private final Set<Long> protectedPages = new HashSet<>();
  private final List<Runnable> interrupts = new CopyOnWriteArrayList<>();
  private final AtomicLong takenBytes = new AtomicLong();
  private volatile boolean anyProtected;

  /**
   * @param limit what translations are charged to that no other address space shares
   * @param open makes the code space, which will read code through this object
   */
  CodeRanges(SlotPages pages, MemoryLimit limit, Function<CodeMemory, CodeSpace> open) {
    this.pages = pages;
    this.limit = limit;
    this.code = open.apply(this);
  }

  /** The translations. */
  CodeSpace space() {
    return code;
  }

  /** Guest threads that run here: each entry makes one leave translated code. */
  List<Runnable> interrupts() {
    return interrupts;
  }

  /**
   * An area was mapped or changed; if it is executable, its pages may be translated from now on.
   */
  void announce(MemoryArea area) {
    if (!area.isExecutable()) {
      return;
    }
    if (area.isWritable()) {
      synchronized (this) {
        writable.put(area.start(), area.end());
      }
    }
    CodeOrigin origin = null;
    if (area.file() != null && !area.isWritable() && !area.isShared()) {
      origin = area.file().origin(area.fileOffset());
    }
    code.map(area.start(), area.length(), origin);
  }

  /** The content of a range goes away or may change: drops its translations. */
  void forget(long start, long end) {
    code.unmap(start, end - start);
    synchronized (this) {
      cutWritable(start, end);
      if (anyProtected) {
        protectedPages.removeIf(page -> page >= start && page < end);
        anyProtected = !protectedPages.isEmpty();
      }
    }
  }

  private void cutWritable(long start, long end) {
    Map.Entry<Long, Long> range = writable.lowerEntry(end);
    while (range != null && range.getValue() > start) {
      writable.remove(range.getKey());
      if (range.getValue() > end) {
        writable.put(end, range.getValue());
      }
      if (range.getKey() < start) {
        writable.put(range.getKey(), start);
      }
      range = writable.lowerEntry(Math.min(end, range.getKey()));
    }
  }

  /**
   * Drops the translations of one page of a writable, executable area and lets stores to it
   * through.
   */
  void allowStore(MemoryArea area, long page) {
    synchronized (this) {
      if (!protectedPages.contains(page)) {
        return;
      }
    }
    code.discard(page, PAGE);
    synchronized (this) {
      protectedPages.remove(page);
      anyProtected = !protectedPages.isEmpty();
      pages.protect(page, PAGE, area.hostProtection());
    }
  }

  /** Whether a store might meet a protected page. */
  boolean hasProtectedPages() {
    return anyProtected;
  }

  @Override
  public int read(long guestAddress, byte[] target, int targetOffset, int lengthBytes) {
    return pages.readCode(guestAddress, target, targetOffset, lengthBytes);
  }

  @Override
  public synchronized void protect(long guestAddress, long lengthBytes) {
    long end = guestAddress + lengthBytes;
    for (long page = guestAddress; page < end; page += PAGE) {
      Map.Entry<Long, Long> range = writable.floorEntry(page);
      if (range != null && page < range.getValue() && protectedPages.add(page)) {
        pages.protect(page, PAGE, Mman.PROT_READ);
        anyProtected = true;
      }
    }
  }

  @Override
  public boolean take(long bytes) {
    boolean taken = limit.tryTakeForTranslations(bytes);
    if (taken) {
      takenBytes.addAndGet(bytes);
    }
    return taken;
  }

  /** Gives everything back. No guest thread of the address space is left. */
  void close() {
    code.close();
    limit.tryTakeForTranslations(-takenBytes.getAndSet(0));
  }

  @Override
  public void interruptGuests() {
    for (Runnable interrupt : interrupts) {
      interrupt.run();
    }
  }
}
