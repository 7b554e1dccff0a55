package org.capvm.libos.memory;

import static org.capvm.libos.abi.Mman.MAP_32BIT;
import static org.capvm.libos.abi.Mman.MAP_FIXED;
import static org.capvm.libos.abi.Mman.MAP_FIXED_NOREPLACE;
import static org.capvm.libos.abi.Mman.MAP_GROWSDOWN;
import static org.capvm.libos.abi.Mman.MAP_LOCKED;
import static org.capvm.libos.abi.Mman.MAP_NORESERVE;
import static org.capvm.libos.abi.Mman.MAP_POPULATE;
import static org.capvm.libos.abi.Mman.MAP_SHARED;
import static org.capvm.libos.abi.Mman.PROT_EXEC;
import static org.capvm.libos.abi.Mman.PROT_READ;
import static org.capvm.libos.abi.Mman.PROT_WRITE;
import static org.capvm.libos.memory.AddressLayout.PAGE;
import static org.capvm.libos.memory.AddressLayout.isPageAligned;
import static org.capvm.libos.memory.AddressLayout.pageUp;

import java.util.List;
import java.util.function.Predicate;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.machine.code.CodeSpace;
import org.capvm.machine.error.HostException;
import org.capvm.monitor.gate.FaultAnswer;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.Slot;

/**
 * One guest address space: the areas mapped in a slot. Processes that share memory ({@code
 * CLONE_VM}) share the object. Thread-safe: one lock guards the areas and every change of the
 * slot's pages.
 *
 * <p>Guest code is translated, so {@code PROT_EXEC} never reaches the host: it tells the slot's
 * {@link CodeSpace} which pages may be executed.
 */
public final class AddressSpace {
  private static final int KEPT_FLAGS = MAP_SHARED | MAP_GROWSDOWN | MAP_NORESERVE | MAP_LOCKED;
  private static final int PROTECTION_BITS = PROT_READ | PROT_WRITE | PROT_EXEC;

  private final AnonymousMemory anonymous;
  private final SlotPages pages;
  private final SpareMemory spare;
  private final CodeRanges code;
  private final MemoryLimit limit;
  private final SpareSlots spareSlots;
  private final AreaMap areas = new AreaMap();
  private final MemoryAccount account;
  private final MemoryAdvice memoryAdvice;
  private int users = 1;

  /** The children that may have each other's slots. */
  private SpareSlots.Siblings children = new SpareSlots.Siblings();

  /**
   * Those whose slots this one may have and leave its own to; null if it is no child of a fork, or
   * runs another program since, or has mapped a file.
   */
  private SpareSlots.Siblings siblings;

  private volatile boolean briefFaults;
  private long storeRepairs;
  private long breakStart;
  private long breakEnd;

  /**
   * An empty address space in a slot of its own.
   *
   * @param memoryFile the cVM's memory, which private areas without a file are put in
   * @param limit the cVM's limit, which the areas are charged to
   * @param spareSlots where its slot comes from, and goes when it is not needed any more
   * @throws ErrnoException ENOMEM if the host has no room for a slot
   */
  public AddressSpace(MemoryFile memoryFile, MemoryLimit limit, SpareSlots spareSlots) {
    this(memoryFile, limit, spareSlots, spareSlots.empty());
  }

  private AddressSpace(
      MemoryFile memoryFile, MemoryLimit limit, SpareSlots spareSlots, MappedSlot mapped) {
    this.limit = limit;
    this.spareSlots = spareSlots;
    this.anonymous = new AnonymousMemory(memoryFile);
    this.pages = mapped.pages();
    this.code = mapped.code();
    this.spare = new SpareMemory(pages, anonymous);
    this.account = new MemoryAccount(limit, areas, pages, spare, spareSlots, code);
    this.memoryAdvice = new MemoryAdvice(areas, pages, anonymous, code, account);
    pages.memory().onStoreFault(this::answerStoreFault);
    account.settle();
  }

  /** The memory, for copies in and out. */
  public GuestMemory memory() {
    return pages.memory();
  }

  /** The slot it lies in. */
  public Slot slot() {
    return pages.slot();
  }

  /** The translations of the address space's code. */
  public CodeSpace codeSpace() {
    return code.space();
  }

  /**
   * Registers a guest thread that runs here.
   *
   * @param interrupt makes it leave translated code soon; called by any thread, must not block
   */
  public void addThread(Runnable interrupt) {
    code.interrupts().add(interrupt);
  }

  /** Forgets a guest thread. */
  public void removeThread(Runnable interrupt) {
    code.interrupts().remove(interrupt);
  }

  /**
   * Maps memory, as {@code mmap} does once its arguments have been looked at.
   *
   * @param hint page-aligned; where to map (fixed), or would be welcome (otherwise); 0 for anywhere
   * @param lengthBytes positive; rounded up to pages
   * @param protection {@code PROT_} bits
   * @param flags {@code MAP_} bits; without {@code MAP_SHARED} the mapping is private
   * @param file what to map, or null for anonymous memory
   * @param fileOffset page-aligned
   * @param name for {@code /proc/PID/maps}, or null
   * @return the guest address of the mapping
   * @throws ErrnoException ENOMEM, EEXIST, EPERM, EINVAL as Linux
   */
  public synchronized long map(
      long hint,
      long lengthBytes,
      int protection,
      int flags,
      MappedFile file,
      long fileOffset,
      String name) {
    if (lengthBytes <= 0 || lengthBytes > AddressLayout.END) {
      throw ErrnoException.of(lengthBytes == 0 ? Errno.EINVAL : Errno.ENOMEM);
    }
    long length = pageUp(lengthBytes);
    boolean belowTwoGib = file != null || (protection & PROT_EXEC) != 0;
    long start = place(hint, length, flags, belowTwoGib);
    MemoryArea area =
        new MemoryArea(
            start,
            start + length,
            protection & PROTECTION_BITS,
            flags & KEPT_FLAGS,
            0,
            file,
            file == null ? 0 : fileOffset,
            null,
            name);
    install(area, flags);
    return start;
  }

  private long place(long hint, long length, int flags, boolean belowTwoGib) {
    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
      requireAligned(hint);
      if (hint < 0 || hint > AddressLayout.END - length) {
        throw ErrnoException.of(Errno.ENOMEM);
      }
      if (hint < AddressLayout.MMAP_MIN) {
        throw ErrnoException.of(Errno.EPERM);
      }
      if ((flags & MAP_FIXED_NOREPLACE) != 0 && !areas.isFree(hint, hint + length)) {
        throw ErrnoException.of(Errno.EEXIST);
      }
      return hint;
    }
    long wanted = AddressLayout.pageDown(hint);
    if (wanted >= AddressLayout.MMAP_MIN
        && wanted <= AddressLayout.END - length
        && areas.isFree(wanted, wanted + length)) {
      return wanted;
    }
    boolean low = belowTwoGib || (flags & MAP_32BIT) != 0;
    long start = low ? gapBelowTwoGib(length) : gapAboveTwoGib(length);
    if (start < 0) {
      start = low ? gapAboveTwoGib(length) : gapBelowTwoGib(length);
    }
    if (start < 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return start;
  }

  private long gapBelowTwoGib(long length) {
    return areas.highestGap(length, AddressLayout.MMAP_MIN, AddressLayout.CODE_END);
  }

  private long gapAboveTwoGib(long length) {
    long stackRoom = AddressLayout.STACK_MAX + AddressLayout.STACK_GUARD;
    long high = AddressLayout.END - stackRoom;
    return areas.highestGap(length, AddressLayout.CODE_END, high);
  }

  /** Maps an area on the host and records it, replacing what was there. */
  private void install(MemoryArea area, int flags) {
    account.requireAreas();
    long replaced = accountable(area.start(), area.end());
    account.requireMemory((area.isAccountable() ? area.length() : 0) - replaced);
    code.forget(area.start(), area.end());
    MemoryArea placed = mapOnHost(area);
    if (area.file() != null) {
      siblings = null;
    }
    List<MemoryArea> gone = areas.within(area.start(), area.end());
    dropSparesWithFilesOf(gone);
    anonymous.release(gone);
    areas.insert(placed);
    code.announce(placed);
    account.settle();
    if ((flags & MAP_POPULATE) != 0 && area.hostProtection() != 0) {
      pages.populate(area);
    }
  }

  private MemoryArea mapOnHost(MemoryArea area) {
    Backing spareRoom = area.isPrivateAnonymous() ? spare.take(area) : null;
    if (spareRoom != null) {
      return area.withBacking(spareRoom);
    }
    spare.drop(area.start(), area.end());
    MemoryArea placed = area;
    if (area.isPrivateAnonymous()) {
      placed = area.withBacking(anonymous.place(area.start(), area.length()));
    }
    try {
      pages.map(placed);
      return placed;
    } catch (ErrnoException e) {
      anonymous.release(placed);
      throw e;
    }
  }

  /**
   * Unmaps a range.
   *
   * @param guestAddress page-aligned
   * @throws ErrnoException EINVAL, ENOMEM
   */
  public synchronized void unmap(long guestAddress, long lengthBytes) {
    requireAligned(guestAddress);
    if (lengthBytes <= 0
        || guestAddress < 0
        || lengthBytes > AddressLayout.END
        || guestAddress > AddressLayout.END - pageUp(lengthBytes)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    removeRange(guestAddress, guestAddress + pageUp(lengthBytes));
  }

  /**
   * Unmaps a file that was mapped as a whole, as {@code shmdt}: those of its pages that still are
   * where they were mapped.
   *
   * @param guestAddress page-aligned; where the file's first page was mapped
   * @param kind which files count
   * @return the file, or null if there is none
   */
  public synchronized MappedFile unmapFile(long guestAddress, Predicate<MappedFile> kind) {
    MappedFile found = null;
    for (MemoryArea area : areas.within(guestAddress, AddressLayout.END)) {
      MappedFile file = area.file();
      boolean inPlace =
          file != null && kind.test(file) && area.start() - guestAddress == area.fileOffset();
      if (inPlace && (found == null || found.equals(file))) {
        found = file;
        removeRange(area.start(), area.end());
      }
    }
    return found;
  }

  private void removeRange(long start, long end) {
    List<MemoryArea> gone = areas.within(start, end);
    if (gone.isEmpty()) {
      return;
    }
    MemoryArea first = areas.at(gone.getFirst().start());
    if (first.start() < start && first.end() > end) {
      // Two remain of one; whatever removes whole areas always has room.
      account.requireAreas();
    }
    account.requireMappings(pages.growthByUnmap(start, end));
    code.forget(start, end);
    dropSparesWithFilesOf(gone);
    for (MemoryArea area : gone) {
      if (!account.hasRoomForACall() || !spare.keep(area)) {
        pages.unmap(area.start(), area.length());
        anonymous.release(area);
      }
    }
    areas.remove(start, end);
    account.settle();
  }

  /**
   * Slots of former children hold no file longer than this address space: who unmaps one and
   * removes it has its room back.
   */
  private void dropSparesWithFilesOf(List<MemoryArea> gone) {
    if (gone.stream().anyMatch(area -> area.file() != null)) {
      partWithChildren();
    }
  }

  /** No child that there has been leaves its slot to one that comes. */
  private void partWithChildren() {
    spareSlots.part(children);
    children = new SpareSlots.Siblings();
  }

  /**
   * Changes the protection of a range.
   *
   * @throws ErrnoException ENOMEM at the first page that is not mapped, what precedes it being
   *     changed; EACCES for a shared mapping of a file that may not be written
   */
  public synchronized void protect(long guestAddress, long lengthBytes, int protection) {
    requireAligned(guestAddress);
    long end = rangeEnd(guestAddress, lengthBytes);
    long next = guestAddress;
    for (MemoryArea area : areas.within(guestAddress, end)) {
      if (area.start() != next) {
        break;
      }
      protectArea(area, area.withProtection(protection & PROTECTION_BITS));
      next = area.end();
    }
    if (next != end) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  private void protectArea(MemoryArea area, MemoryArea changed) {
    if (area.protection() == changed.protection()) {
      return;
    }
    boolean becomesWritable = changed.isWritable() && !area.isWritable();
    if (becomesWritable && area.isShared() && area.file() != null && !area.file().isWritable()) {
      throw ErrnoException.of(Errno.EACCES);
    }
    account.requireAreas();
    if (changed.isAccountable() && !area.isAccountable()) {
      account.requireMemory(area.length());
    }
    code.suspend(area);
    pages.protect(area.start(), area.length(), changed.hostProtection());
    areas.insert(changed);
    code.announce(changed);
    account.settle();
  }

  /**
   * Moves or resizes a mapping, as {@code mremap} once its flags have been looked at.
   *
   * @param newLength page-aligned, positive
   * @param mayMove whether another address will do
   * @param fixedAddress the new address, or -1 for any
   * @return the new address
   * @throws ErrnoException EFAULT, ENOMEM
   */
  public synchronized long remap(
      long oldAddress, long oldLength, long newLength, boolean mayMove, long fixedAddress) {
    MemoryArea old = oneArea(oldAddress, oldAddress + oldLength);
    if (fixedAddress >= 0) {
      removeRange(fixedAddress, fixedAddress + newLength);
      return move(old, fixedAddress, newLength);
    }
    if (newLength <= oldLength) {
      removeRange(oldAddress + newLength, oldAddress + oldLength);
      return oldAddress;
    }
    long newEnd = oldAddress + newLength;
    if (newEnd <= AddressLayout.END && areas.isFree(old.end(), newEnd)) {
      long offset = old.file() == null ? 0 : old.fileOffset() + old.length();
      MemoryArea extension =
          new MemoryArea(
              old.end(),
              newEnd,
              old.protection(),
              old.flags(),
              old.forkAdvice(),
              old.file(),
              offset,
              null,
              old.name());
      install(extension, 0);
      return oldAddress;
    }
    if (!mayMove) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return move(old, place(0, newLength, 0, old.file() != null || old.isExecutable()), newLength);
  }

  /**
   * The area that Linux would have for a range. Neighbours that are one mapping there may lie in
   * different places of the memory file: those are put into one.
   */
  private MemoryArea oneArea(long start, long end) {
    List<MemoryArea> parts = areas.within(start, end);
    MemoryArea whole = parts.isEmpty() ? null : parts.getFirst();
    if (whole == null || whole.start() != start) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    for (MemoryArea part : parts.subList(1, parts.size())) {
      if (!part.isPrivateAnonymous()
          || !whole.withBacking(null).continuesWith(part.withBacking(null))) {
        throw ErrnoException.of(Errno.EFAULT);
      }
      whole = whole.movedTo(start, part.end());
    }
    if (whole.end() != end) {
      throw ErrnoException.of(Errno.EFAULT);
    }
    if (parts.size() == 1) {
      return whole;
    }
    makeStoresFault();
    return new AreaJoin(pages, anonymous, areas).join(parts, anonymous.placeApart(whole.length()));
  }

  /** Pages become read-only for a moment: who stores to one meanwhile tries again. */
  private void makeStoresFault() {
    briefFaults = true;
    storeRepairs++;
  }

  private long move(MemoryArea old, long newStart, long newLength) {
    if (old.isAccountable()) {
      account.requireMemory(newLength - old.length());
    }
    long kept = Math.min(old.length(), newLength);
    MemoryArea whole = old.slice(old.start(), old.start() + kept);
    code.forget(old.start(), old.end());
    dropSparesWithFilesOf(List.of(old));
    MemoryArea moved = old.movedTo(newStart, newStart + newLength);
    spare.drop(newStart, newStart + newLength);
    if (old.backing() != null) {
      spare.dropFromFile(old.backing().offset() + kept, newLength - kept);
    }
    if (old.backing() != null && newLength > kept && !anonymous.extend(old, newLength - kept)) {
      // Something else is behind it in the memory file: copy it to where it can grow.
      moved = moved.withBacking(anonymous.placeApart(newLength));
      pages.copyToFile(old.start(), kept, moved.backing().offset());
      pages.map(moved);
      pages.unmap(old.start(), kept);
      anonymous.release(whole);
    } else {
      pages.move(old.start(), kept, newStart, newLength);
    }
    areas.remove(old.start(), old.start() + kept);
    areas.insert(moved);
    code.announce(moved);
    removeRange(old.start() + kept, old.end());
    account.settle();
    return newStart;
  }

  /** Starts the heap at an address, page-aligned, behind the program. */
  public synchronized void setBreakStart(long guestAddress) {
    breakStart = guestAddress;
    breakEnd = guestAddress;
  }

  /** Where the heap starts. */
  public synchronized long breakStart() {
    return breakStart;
  }

  /**
   * Moves the end of the heap, as {@code brk}.
   *
   * @param requested the end wanted; anything that cannot be had leaves it where it is
   * @param limitBytes the most the heap may take, unsigned
   * @return the end in force
   */
  public synchronized long moveBreak(long requested, long limitBytes) {
    if (requested < breakStart || requested > AddressLayout.END) {
      return breakEnd;
    }
    if (Long.compareUnsigned(requested - breakStart, limitBytes) > 0) {
      return breakEnd;
    }
    long mappedEnd = pageUp(breakEnd);
    long wantedEnd = pageUp(requested);
    try {
      if (wantedEnd > mappedEnd) {
        if (!areas.isFree(mappedEnd, wantedEnd)) {
          return breakEnd;
        }
        int readWrite = PROT_READ | PROT_WRITE;
        install(new MemoryArea(mappedEnd, wantedEnd, readWrite, 0, 0, null, 0, null, "[heap]"), 0);
      } else if (wantedEnd < mappedEnd) {
        removeRange(wantedEnd, mappedEnd);
      }
    } catch (ErrnoException e) {
      return breakEnd;
    }
    breakEnd = requested;
    return requested;
  }

  /**
   * Passes advice on, as {@code madvise}; {@code MADV_DONTNEED} really drops the pages.
   *
   * @throws ErrnoException EINVAL; ENOMEM if a page is not mapped, the others being advised
   */
  public synchronized void advise(long guestAddress, long lengthBytes, int advice) {
    if (!MemoryAdvice.isKnown(advice)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    requireAligned(guestAddress);
    long end = rangeEnd(guestAddress, lengthBytes);
    long next = guestAddress;
    boolean hole = false;
    for (MemoryArea area : areas.within(guestAddress, end)) {
      hole |= area.start() != next;
      memoryAdvice.follow(area, advice);
      next = area.end();
    }
    if (hole || next != end) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  /**
   * A copy of the address space for the child of a fork. Memory is shared until one of the two
   * writes: the cost is in the number of areas, and in the pages that this address space has
   * written since its last fork.
   *
   * @throws ErrnoException ENOMEM
   */
  public synchronized AddressSpace fork() {
    MappedSlot room = spareSlots.take(children);
    AddressSpace child = new AddressSpace(anonymous.file(), limit, spareSlots, room);
    try {
      account.requireChild();
      makeStoresFault();
      try {
        boolean alone = users == 1 && code.interrupts().size() <= 1;
        ForkedMemory memory = new ForkedMemory(pages, anonymous, areas, this::maySplit, alone);
        child.inherit(memory.share(), room.mapped(), this);
      } finally {
        code.restoreProtection(areas);
      }
      code.space().copyPresetsTo(child.code.space());
      child.breakStart = breakStart;
      child.breakEnd = breakEnd;
      child.account.inherited();
      child.siblings = children;
      return child;
    } catch (ErrnoException e) {
      child.release();
      throw e;
    } catch (HostException e) {
      child.release();
      throw ErrnoException.of(Errno.ENOMEM);
    } finally {
      account.settle();
    }
  }

  /** Whether a fork may have some more mappings, here and in the child. */
  private boolean maySplit(int more) {
    return account.hasRoomForMappings(pages.hostMappings() + 2L * more);
  }

  /** Whether stores may have faulted, or fault now, for pages that are read-only for a moment. */
  public boolean hasBriefFaults() {
    return briefFaults;
  }

  /**
   * Maps areas that a parent shares with this address space, a child of a fork in the making. With
   * the parent's lock held.
   *
   * @param inherited in order
   * @param there what the slot has of an earlier child, in order
   */
  private void inherit(List<MemoryArea> inherited, List<MemoryArea> there, AddressSpace from) {
    List<MemoryArea> withContent = inherited.stream().filter(MemoryArea::hasContent).toList();
    // First, so that what the areas hold of the memory file is given back if the host refuses.
    withContent.forEach(areas::insert);
    pages.change(there, MemoryArea.hostRuns(withContent));
    code.inherit(withContent, from.code, account::hasRoomForMappings);
    inherited.stream().filter(area -> !area.hasContent()).forEach(area -> install(area, 0));
  }

  /**
   * Looks for code that a fork's child has not been to.
   *
   * @param guestAddress where the guest went and no code was known
   * @return whether it can go there now
   */
  public synchronized boolean revealCode(long guestAddress) {
    MemoryArea area = areas.at(guestAddress);
    boolean revealed =
        area != null
            && area.isExecutable()
            && code.reveal(
                area, guestAddress, account.hasRoomForMappings(CodeRanges.MAPPINGS_TO_SHOW));
    account.settle();
    return revealed;
  }

  /**
   * Answers a fault that the guest's memory explains: a store to a page whose code is translated,
   * or an access just below an area that grows down.
   *
   * @param write whether the access was a store
   */
  public synchronized FaultAnswer.Resolution resolveFault(
      long guestAddress, boolean write, long stackLimitBytes) {
    MemoryArea area = areas.at(guestAddress);
    if (area != null) {
      if (!write || !area.isWritable()) {
        return FaultAnswer.Resolution.NOT_RESOLVED;
      }
      if (code.allowStore(area, AddressLayout.pageDown(guestAddress)) || area.isExecutable()) {
        return FaultAnswer.Resolution.STEP;
      }
      // Its pages were read-only for a moment, which is over, since the lock is held.
      return FaultAnswer.Resolution.RETRY;
    }
    MemoryArea next = areas.above(guestAddress);
    if (next == null || !next.growsDown()) {
      return FaultAnswer.Resolution.NOT_RESOLVED;
    }
    long start = AddressLayout.pageDown(guestAddress);
    boolean withinLimit = Long.compareUnsigned(next.end() - start, stackLimitBytes) <= 0;
    long guard = Math.max(AddressLayout.MMAP_MIN, start - AddressLayout.STACK_GUARD);
    if (!withinLimit || !areas.isFree(guard, next.start())) {
      return FaultAnswer.Resolution.NOT_RESOLVED;
    }
    try {
      install(next.movedTo(start, next.start()), 0);
      return FaultAnswer.Resolution.RETRY;
    } catch (ErrnoException e) {
      return FaultAnswer.Resolution.NOT_RESOLVED;
    }
  }

  /**
   * The same for a store that a system call makes: see {@link GuestMemory#onStoreFault}. Who has
   * pages read-only for a moment holds the lock.
   */
  private synchronized long answerStoreFault(long guestAddress) {
    MemoryArea area = areas.at(guestAddress);
    if (area == null || !area.isWritable()) {
      return GuestMemory.UNTOUCHED;
    }
    if (code.allowStore(area, AddressLayout.pageDown(guestAddress)) || area.isExecutable()) {
      storeRepairs++;
    }
    return storeRepairs;
  }

  /**
   * Makes a range ready for a store by the host, which would otherwise fail with EFAULT where the
   * guest's own store would have been resolved.
   */
  public void prepareStore(long guestAddress, long lengthBytes) {
    if (!code.hasProtectedPages() || lengthBytes <= 0) {
      return;
    }
    synchronized (this) {
      long end = Math.min(AddressLayout.END, guestAddress + lengthBytes);
      for (MemoryArea area : areas.within(AddressLayout.pageDown(guestAddress), pageUp(end))) {
        if (area.isWritable() && (area.isExecutable() || area.isShared())) {
          for (long page = area.start(); page < area.end(); page += PAGE) {
            code.allowStore(area, page);
          }
        }
      }
    }
  }

  /** Unmaps everything, for {@code execve} and at the end. */
  public synchronized void clear() {
    code.forget(0, AddressLayout.END);
    pages.unmap(0, AddressLayout.END);
    forgetAll();
    account.settle();
    siblings = null;
    partWithChildren();
    breakStart = 0;
    breakEnd = 0;
  }

  /** One more process uses the address space ({@code CLONE_VM}). */
  public synchronized void share() {
    users++;
  }

  /** Whether more than one process uses the address space. */
  public synchronized boolean isShared() {
    return users > 1;
  }

  /**
   * An empty address space of the same cVM.
   *
   * @throws ErrnoException ENOMEM if the host has no room for a slot
   */
  public AddressSpace another() {
    return new AddressSpace(anonymous.file(), limit, spareSlots);
  }

  /**
   * A process lets go of the address space; the last one gives everything back. No guest thread of
   * it is left.
   */
  public synchronized void release() {
    users--;
    if (users == 0) {
      endSlot();
      partWithChildren();
      forgetAll();
      account.close();
    }
  }

  /** Leaves the slot to a sibling, which will have most of what is mapped. */
  private void endSlot() {
    MappedSlot mapped = new MappedSlot(siblings, pages, code, MemoryArea.hostRuns(areas.all()));
    if (siblings == null || code.hasProtectedPages()) {
      mapped.close();
    } else {
      spare.drop();
      spareSlots.add(mapped);
    }
  }

  /** No guest sees what was mapped any more: gives back the rest of it. */
  private void forgetAll() {
    anonymous.release(areas.all());
    areas.remove(0, AddressLayout.END);
    spare.release();
  }

  /** Which pages of a mapped range are in memory, as {@code mincore}; one byte a page. */
  public synchronized byte[] residency(long guestAddress, long lengthBytes) {
    requireAligned(guestAddress);
    long end = rangeEnd(guestAddress, lengthBytes);
    if (!areas.covers(guestAddress, end)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return pages.residency(guestAddress, end - guestAddress);
  }

  /** Bytes that are in memory now. */
  public synchronized long residentBytes() {
    long resident = 0;
    for (MemoryArea area : areas.all()) {
      for (byte page : pages.residency(area.start(), area.length())) {
        resident += (page & 1) * PAGE;
      }
    }
    return resident;
  }

  /** Writes shared mappings back, as {@code msync}. */
  public synchronized void sync(long guestAddress, long lengthBytes, int flags) {
    requireAligned(guestAddress);
    long end = rangeEnd(guestAddress, lengthBytes);
    for (MemoryArea area : areas.within(guestAddress, end)) {
      if (area.isShared() && area.file() != null) {
        pages.sync(area.start(), area.length(), flags);
      }
    }
    if (!areas.covers(guestAddress, end)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
  }

  /** Marks areas as locked or not, as {@code mlock} and {@code munlock}. */
  public synchronized void lock(long guestAddress, long lengthBytes, boolean locked) {
    long start = AddressLayout.pageDown(guestAddress);
    long end = rangeEnd(start, lengthBytes + (guestAddress - start));
    if (!areas.covers(start, end)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    for (MemoryArea area : areas.within(start, end)) {
      account.requireAreas();
      int flags = locked ? area.flags() | MAP_LOCKED : area.flags() & ~MAP_LOCKED;
      areas.insert(area.withFlags(flags));
    }
  }

  /** The areas that overlap a range, cut to it. */
  public synchronized List<MemoryArea> areas(long start, long end) {
    return areas.within(start, end);
  }

  /** All areas, in order. */
  public synchronized List<MemoryArea> areas() {
    return areas.all();
  }

  /** The area that contains an address, or null. */
  public synchronized MemoryArea areaAt(long guestAddress) {
    return areas.at(guestAddress);
  }

  /** Bytes mapped. */
  public synchronized long mappedBytes() {
    return areas.mappedBytes();
  }

  private long accountable(long start, long end) {
    long bytes = 0;
    for (MemoryArea area : areas.within(start, end)) {
      bytes += area.isAccountable() ? area.length() : 0;
    }
    return bytes;
  }

  private static void requireAligned(long guestAddress) {
    if (!isPageAligned(guestAddress)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
  }

  private static long rangeEnd(long guestAddress, long lengthBytes) {
    if (guestAddress < 0
        || lengthBytes < 0
        || lengthBytes > AddressLayout.END
        || guestAddress > AddressLayout.END - pageUp(lengthBytes)) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    return guestAddress + pageUp(lengthBytes);
  }
}
