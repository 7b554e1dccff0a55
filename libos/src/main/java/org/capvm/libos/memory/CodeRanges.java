package org.capvm.libos.memory;

import static org.capvm.libos.memory.AddressLayout.PAGE;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.capvm.libos.abi.Mman;
import org.capvm.machine.code.CodeMemory;
import org.capvm.machine.code.CodeOrigin;
import org.capvm.machine.code.CodeSpace;

/**
 * Keeps translations true to memory. Tells the {@link CodeSpace} which pages are executable, and
 * takes the host's write permission from pages through which they can be written, while
 * translations of them exist: the next store faults, and drops the translations. Such pages are
 * those that are writable themselves, and writable mappings of the same part of a file.
 *
 * <p>Code that the guest can change is one range to the code space as far as it is contiguous,
 * because an instruction may lie across the border of two areas. A part whose protection changes
 * stays in the range, so that the translations of the rest stay.
 *
 * <p>Code whose translations other address spaces may have is shown to the guest as mappings of the
 * host's. What a fork gives a child is shown when the child first goes there, unless it is little:
 * most children end or run another program before they have been everywhere.
 *
 * <p>Code of a file that can change is shared with the children of forks alone, which have the very
 * mapping.
 *
 * <p>Called with the address space's lock held, except what {@link CodeMemory} declares, which the
 * translator calls with its own lock held; the lock here is inside both.
 */
final class CodeRanges implements CodeMemory {
  private static final int LONGEST_INSTRUCTION = 15;

  /** A shared branch table, and the address space's own behind it. */
  static final int MAPPINGS_TO_SHOW = 2;

  /** So many mappings of code are shown to the child of a fork at once: a small program's. */
  private static final int FEW = 4;

  /** For so many of its mappings an address space may have translations shared with children. */
  private static final int MOST_ORIGINS = 16;

  private record Mapping(long end, CodeOrigin origin) {}

  private record Shown(long end, CodeOrigin origin) {}

  private final SlotPages pages;
  private final MemoryLimit limit;
  private final CodeSpace code;

  /** What the code space has as code that the guest can change. */
  private final RangeSet changeable = new RangeSet();

  /** What of it may be executed. */
  private final RangeSet executable = new RangeSet();

  /** What of it may be written. */
  private final RangeSet writable = new RangeSet();

  /** Shared mappings of files that are executable, and those that are writable. */
  private final List<MemoryArea> sharedCode = new ArrayList<>();

  private final List<MemoryArea> sharedWritable = new ArrayList<>();

  /** Pages whose host protection is without writing, and the pages of code they can change. */
  private final Map<Long, Set<Long>> protectedPages = new HashMap<>();

  /** Ranges that take mappings of the host's, by start; guarded by the address space's lock. */
  private final TreeMap<Long, Shown> shown = new TreeMap<>();

  /** Executable ranges that the code space has not been told of; guarded in the same way. */
  private final RangeSet unseen = new RangeSet();

  /** Mappings of files that can change, by their start; guarded in the same way. */
  private final TreeMap<Long, Mapping> mappings = new TreeMap<>();

  private int originsLeft = MOST_ORIGINS;

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
    boolean sharedFile = area.isShared() && area.file() != null;
    if (sharedFile && area.isWritable()) {
      announceSharedWritable(area);
    }
    if (!area.isExecutable()) {
      return;
    }
    if (area.isAsInFile()) {
      CodeOrigin origin = origin(area);
      if (origin == null && originsLeft > 0) {
        originsLeft--;
        origin = CodeOrigin.ofOneMapping();
        mappings.put(area.start(), new Mapping(area.end(), origin));
      }
      if (origin != null) {
        show(area, origin);
        return;
      }
    }
    long start = area.start();
    long end = area.end();
    boolean known;
    synchronized (this) {
      known = changeable.covers(start, end);
      changeable.add(start, end);
      executable.add(start, end);
      if (area.isWritable()) {
        writable.add(start, end);
      }
      if (sharedFile) {
        sharedCode.add(area);
      }
    }
    if (known) {
      // An instruction that was cut off here goes on now.
      code.discard(start - LONGEST_INSTRUCTION, LONGEST_INSTRUCTION);
    } else {
      long from = changeable.startAt(start);
      code.map(from, changeable.endAt(start) - from, null);
    }
  }

  /** What identifies the code of an area that is as in its file, or null. */
  private CodeOrigin origin(MemoryArea area) {
    CodeOrigin ofFile = area.file().origin(area.fileOffset());
    if (ofFile != null) {
      return ofFile;
    }
    Map.Entry<Long, Mapping> mapping = mappings.floorEntry(area.start());
    boolean there = mapping != null && mapping.getValue().end() >= area.end();
    return there ? mapping.getValue().origin() : null;
  }

  private void show(MemoryArea area, CodeOrigin origin) {
    code.map(area.start(), area.length(), origin);
    shown.put(area.start(), new Shown(area.end(), origin));
  }

  /**
   * The same for areas that a child of a fork has from its parent: nothing has run there yet.
   *
   * @param mayShow whether so many mappings of the host may be taken
   */
  void inherit(List<MemoryArea> inherited, CodeRanges parent, IntPredicate mayShow) {
    mappings.clear();
    mappings.putAll(parent.mappings);
    List<MemoryArea> shareable = new ArrayList<>();
    List<MemoryArea> others = new ArrayList<>();
    for (MemoryArea area : inherited) {
      boolean shares = area.isExecutable() && area.isAsInFile() && origin(area) != null;
      (shares ? shareable : others).add(area);
    }
    forgetAllBut(shareable);
    others.forEach(this::announce);
    shareable.removeIf(this::isShown);
    boolean showsAll = shareable.size() <= FEW && mayShow.test(MAPPINGS_TO_SHOW * shareable.size());
    for (MemoryArea area : shareable) {
      if (showsAll) {
        show(area, origin(area));
      } else {
        unseen.add(area.start(), area.end());
      }
    }
  }

  private boolean isShown(MemoryArea area) {
    return new Shown(area.end(), origin(area)).equals(shown.get(area.start()));
  }

  /**
   * Of an earlier child of the same parent only that stays that the new one has as well: such as
   * its guest could not change.
   */
  private void forgetAllBut(List<MemoryArea> inherited) {
    unseen.clear();
    Set<Long> stays = new HashSet<>();
    long from = 0;
    for (MemoryArea area : inherited) {
      if (isShown(area)) {
        code.unmap(from, area.start() - from);
        from = area.end();
        stays.add(area.start());
      }
    }
    code.unmap(from, AddressLayout.END - from);
    shown.keySet().retainAll(stays);
    synchronized (this) {
      changeable.clear();
      executable.clear();
      writable.clear();
      sharedCode.clear();
      sharedWritable.clear();
    }
    giveBackTaken();
  }

  /**
   * The guest goes to an address for which the code space knew no code.
   *
   * @param area where that is
   * @param mayTakeMappings whether the host's are to be had; without, the code is translated for
   *     this address space alone
   * @return whether it does know some now
   */
  boolean reveal(MemoryArea area, long guestAddress, boolean mayTakeMappings) {
    if (!unseen.contains(guestAddress)) {
      return false;
    }
    MemoryArea seen = area.slice(unseen.startAt(guestAddress), unseen.endAt(guestAddress));
    unseen.remove(seen.start(), seen.end());
    if (mayTakeMappings) {
      show(seen, origin(seen));
    } else {
      code.map(seen.start(), seen.length(), null);
    }
    return true;
  }

  /** Mappings of the host that the view of the branch tables takes, at most. */
  int hostMappings() {
    return MAPPINGS_TO_SHOW * shown.size();
  }

  /** Code that can be changed through an area from now on is translated again, with that known. */
  private void announceSharedWritable(MemoryArea area) {
    List<MemoryArea> same;
    synchronized (this) {
      sharedWritable.add(area);
      same = sharedCode.stream().filter(each -> sameFile(each, area)).toList();
    }
    for (MemoryArea each : same) {
      code.discard(each.start(), each.length());
    }
  }

  private static boolean sameFile(MemoryArea one, MemoryArea other) {
    return one.file().inode() == other.file().inode()
        && one.file().device() == other.file().device();
  }

  /** A range is unmapped or mapped anew: drops its translations. */
  void forget(long start, long end) {
    code.unmap(start, end - start);
    unseen.remove(start, end);
    forgetMappings(start, end);
    Long first = shown.floorKey(start);
    shown
        .subMap(first == null ? start : first, end)
        .values()
        .removeIf(range -> range.end() > start);
    synchronized (this) {
      changeable.remove(start, end);
      forgetUses(start, end);
    }
  }

  private void forgetMappings(long start, long end) {
    Long first = mappings.floorKey(start);
    mappings
        .subMap(first == null ? start : first, end)
        .values()
        .removeIf(mapping -> mapping.end() > start);
  }

  /**
   * The protection or the content of an area is about to change: drops its translations, and makes
   * no new ones before it is announced again. The caller sets the host's protection.
   */
  void suspend(MemoryArea area) {
    boolean known;
    synchronized (this) {
      known = changeable.covers(area.start(), area.end());
      if (known) {
        forgetUses(area.start(), area.end());
      }
    }
    if (known) {
      code.discard(area.start(), area.length());
    } else {
      forget(area.start(), area.end());
    }
  }

  private void forgetUses(long start, long end) {
    executable.remove(start, end);
    writable.remove(start, end);
    cut(sharedCode, start, end);
    cut(sharedWritable, start, end);
    if (anyProtected) {
      protectedPages.keySet().removeIf(page -> page >= start && page < end);
      anyProtected = !protectedPages.isEmpty();
    }
  }

  private static void cut(List<MemoryArea> areas, long start, long end) {
    for (MemoryArea area : List.copyOf(areas)) {
      if (area.start() < end && area.end() > start) {
        areas.remove(area);
        if (area.start() < start) {
          areas.add(area.slice(area.start(), start));
        }
        if (area.end() > end) {
          areas.add(area.slice(end, area.end()));
        }
      }
    }
  }

  /**
   * Drops the translations of the code that a writable page can change, and lets stores to the page
   * through.
   *
   * @return whether there may have been such translations
   */
  boolean allowStore(MemoryArea area, long page) {
    Set<Long> changing = forgetProtection(page);
    if (changing == null) {
      return false;
    }
    while (changing != null) {
      for (long each : changing) {
        code.discard(each, PAGE);
      }
      changing = liftUnlessTranslatedAgain(area, page);
    }
    return true;
  }

  /** Forgets that a page is protected, which it still is; returns what code it can change. */
  private synchronized Set<Long> forgetProtection(long page) {
    return protectedPages.remove(page);
  }

  /**
   * Lifts a page's protection, unless another thread has had code that it can change translated in
   * the meantime: those translations are to be dropped first.
   */
  private synchronized Set<Long> liftUnlessTranslatedAgain(MemoryArea area, long page) {
    Set<Long> changing = forgetProtection(page);
    if (changing == null) {
      pages.protect(page, PAGE, area.hostProtection());
      anyProtected = !protectedPages.isEmpty();
    }
    return changing;
  }

  /**
   * A fork has set the host's protection of pages anew. Where other threads were running, one may
   * have changed code meanwhile: the translations of all code that can be changed are dropped.
   */
  void restoreProtection(AreaMap areas) {
    if (interrupts.size() > 1) {
      for (long page : protectedPageNumbers()) {
        allowStore(areas.at(page), page);
      }
    }
    synchronized (this) {
      protectedPages.keySet().forEach(page -> pages.protect(page, PAGE, Mman.PROT_READ));
    }
  }

  private synchronized List<Long> protectedPageNumbers() {
    return List.copyOf(protectedPages.keySet());
  }

  /** Whether a store might meet a protected page. */
  boolean hasProtectedPages() {
    return anyProtected;
  }

  @Override
  public int read(long guestAddress, byte[] target, int targetOffset, int lengthBytes) {
    long end = guestAddress + lengthBytes;
    synchronized (this) {
      if (changeable.contains(guestAddress)) {
        end = Math.min(end, executable.endAt(guestAddress));
      }
    }
    return pages.readCode(guestAddress, target, targetOffset, (int) (end - guestAddress));
  }

  @Override
  public synchronized void protect(long guestAddress, long lengthBytes) {
    long end = guestAddress + lengthBytes;
    for (long page = guestAddress; page < end; page += PAGE) {
      if (writable.contains(page)) {
        protectPage(page, page);
      }
      for (MemoryArea area : sharedCode) {
        if (area.contains(page)) {
          protectOtherMappings(area, page);
        }
      }
    }
  }

  private void protectOtherMappings(MemoryArea area, long page) {
    long offset = area.fileOffset() + (page - area.start());
    for (MemoryArea other : sharedWritable) {
      long sameBytes = other.start() + (offset - other.fileOffset());
      if (other.contains(sameBytes) && sameFile(area, other)) {
        protectPage(sameBytes, page);
      }
    }
  }

  private void protectPage(long page, long codePage) {
    Set<Long> changing = protectedPages.computeIfAbsent(page, unprotected -> new HashSet<>());
    if (changing.isEmpty()) {
      pages.protect(page, PAGE, Mman.PROT_READ);
      anyProtected = true;
    }
    changing.add(codePage);
  }

  @Override
  public boolean take(long bytes) {
    // A page that is protected because of a translation may be a mapping of its own.
    boolean taken =
        limit.hasRoomForMappings(2L + pages.unsettledHostMappings())
            && limit.tryTakeForTranslations(bytes);
    if (taken) {
      takenBytes.addAndGet(bytes);
    }
    return taken;
  }

  /** Gives everything back. No guest thread of the address space is left. */
  void close() {
    code.close();
    giveBackTaken();
  }

  private void giveBackTaken() {
    limit.tryTakeForTranslations(-takenBytes.getAndSet(0));
  }

  @Override
  public void interruptGuests() {
    for (Runnable interrupt : interrupts) {
      interrupt.run();
    }
  }
}
