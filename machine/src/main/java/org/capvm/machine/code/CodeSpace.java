package org.capvm.machine.code;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.capvm.machine.error.HostException;
import org.capvm.machine.layout.SlotLayout;
import org.capvm.machine.translate.CodeLocation;

/**
 * The executable memory of one guest address space: which ranges are code, and which translations
 * serve them.
 *
 * <p>Threads: any. State is guarded by this object's monitor. Guests read the branch table without
 * a lock; a change becomes visible to them entry by entry, and a guest that is inside a translation
 * when it is retired leaves it at the latest when {@link CodeMemory#interruptGuests} takes effect:
 * until then the translation stays where it is.
 */
public final class CodeSpace implements Translations, AutoCloseable {
  /** So many translations are retired before it is seen to that they can be released. */
  private static final int BATCH = 256;

  private final TranslationCache cache;
  private final CodeMemory memory;
  private final BranchTableView view;

  /**
   * The entries of all pcs that no shared image has. Made when the first of them is set: what runs
   * shared code alone, as most children of a fork do, needs none.
   */
  private final BranchTable table = new BranchTable(0, SlotLayout.GUEST_BYTES);

  private final TreeMap<Long, Range> ranges = new TreeMap<>();
  private final Map<Long, Long> presets = new HashMap<>();
  private final Set<CodeUser> users = new HashSet<>();

  /** Translations that no branch leads to any more. */
  private List<InstalledTranslation> retired = new ArrayList<>();

  /** Such as are released once the users in {@link #awaited} have left translated code. */
  private List<InstalledTranslation> leaving = new ArrayList<>();

  private final Map<CodeUser, Long> awaited = new HashMap<>();

  /** Shared images that guest threads may be executing, mapped or not. */
  private final Set<CodeImage> held = new HashSet<>();

  private record Range(long start, long end, CodeImage image) {}

  /**
   * @param cache the translations of the JVM
   * @param memory the guest memory that holds the code
   * @param view where guests will look for its branch table; emptied
   */
  public CodeSpace(TranslationCache cache, CodeMemory memory, BranchTableView view) {
    this.cache = cache;
    this.memory = memory;
    this.view = view;
    // Nothing of a former code space may be seen, whatever was done with the slot since.
    table.show(view, 0, SlotLayout.GUEST_BYTES);
  }

  /**
   * Makes a range code. Whatever was code there before is forgotten.
   *
   * @param guestAddress a multiple of 4096
   * @param lengthBytes a multiple of 4096, more than 0
   * @param origin where the code comes from, or null if the guest can change it
   */
  public synchronized void map(long guestAddress, long lengthBytes, CodeOrigin origin) {
    unmap(guestAddress, lengthBytes);
    long end = guestAddress + lengthBytes;
    boolean preset = presets.keySet().stream().anyMatch(pc -> pc >= guestAddress && pc < end);
    CodeImage image =
        origin == null || preset ? null : cache.share(origin, guestAddress, lengthBytes, held);
    if (image == null) {
      image = privateImage(guestAddress, end);
    }
    if (image.shared()) {
      image.table().show(view, guestAddress, lengthBytes);
    }
    ranges.put(guestAddress, new Range(guestAddress, end, image));
  }

  /** Makes a range no code any more. What is not code in it stays so. */
  public synchronized void unmap(long guestAddress, long lengthBytes) {
    long end = guestAddress + lengthBytes;
    boolean changed = false;
    for (Range range : overlapping(guestAddress, end)) {
      changed = true;
      ranges.remove(range.start());
      forget(range, range.start(), range.end());
      keep(range.start(), guestAddress);
      keep(end, range.end());
    }
    if (changed) {
      release();
      memory.interruptGuests();
    }
  }

  /** Forgets the translations of a range whose bytes change or have changed; it stays code. */
  public synchronized void discard(long guestAddress, long lengthBytes) {
    long end = guestAddress + lengthBytes;
    boolean changed = false;
    for (Range range : overlapping(guestAddress, end)) {
      changed = true;
      forget(range, Math.max(guestAddress, range.start()), Math.min(end, range.end()));
      if (range.image().shared()) {
        ranges.put(
            range.start(),
            new Range(range.start(), range.end(), privateImage(range.start(), range.end())));
      }
    }
    if (changed) {
      release();
      memory.interruptGuests();
    }
  }

  /**
   * Gives a guest pc machine code of the monitor's own instead of a translation, for as long as the
   * range around it is code.
   *
   * @param hostAddress a routine in the gate area that returns to the guest as a translation would
   */
  public synchronized void preset(long guestPc, long hostAddress) {
    Range range = rangeOf(guestPc);
    if (range != null && range.image().shared()) {
      discard(range.start(), range.end() - range.start());
    }
    presets.put(guestPc, hostAddress);
    if (table.isMade()) {
      table.set(guestPc, hostAddress);
    }
  }

  /**
   * The host address at which a guest pc is executed, after translating it if need be; from then on
   * the branch table has it.
   *
   * @return 0 if the pc is not code
   * @throws CodeCacheFullException if a translation is needed and has no room, or takes more memory
   *     than there may be
   */
  @Override
  public synchronized long resolve(long guestPc) {
    Range range = rangeOf(guestPc);
    if (range == null) {
      return 0;
    }
    if (range.image().shared() && !cache.hasRoomForShared()) {
      discard(range.start(), range.end() - range.start());
      range = rangeOf(guestPc);
    }
    if (!range.image().shared()) {
      makeTable();
    }
    Long preset = presets.get(guestPc);
    if (preset != null) {
      table.set(guestPc, preset);
      return preset;
    }
    return range.image().resolve(guestPc, memory);
  }

  /** Lets guests see the address space's own table wherever they see no shared image's. */
  private void makeTable() {
    if (table.isMade()) {
      return;
    }
    try {
      table.make();
      long from = 0;
      for (Range range : ranges.values()) {
        if (range.image().shared()) {
          showTable(from, range.start());
          from = range.end();
        }
      }
      showTable(from, SlotLayout.GUEST_BYTES);
    } catch (HostException refused) {
      table.close();
      throw new CodeCacheFullException("the host has no room for its branch table");
    }
  }

  private void showTable(long start, long end) {
    if (start < end) {
      table.show(view, start, end - start);
    }
  }

  @Override
  public CodeLocation locate(long hostAddress) {
    return cache.locate(hostAddress);
  }

  @Override
  public synchronized void enter(CodeUser user) {
    users.add(user);
  }

  @Override
  public synchronized void leave(CodeUser user) {
    users.remove(user);
  }

  private Range rangeOf(long guestPc) {
    var entry = ranges.floorEntry(guestPc);
    return entry == null || guestPc >= entry.getValue().end() ? null : entry.getValue();
  }

  /** Gives another code space, of a copy of this address space, the same presets. */
  public synchronized void copyPresetsTo(CodeSpace child) {
    presets.forEach(child::preset);
  }

  private CodeImage privateImage(long start, long end) {
    return CodeImage.ofOne(cache, start, end, table);
  }

  private List<Range> overlapping(long start, long end) {
    List<Range> found = new ArrayList<>();
    Long first = ranges.floorKey(start);
    for (Range range : (first == null ? ranges : ranges.tailMap(first, true)).values()) {
      if (range.start() >= end) {
        break;
      }
      if (range.end() > start) {
        found.add(range);
      }
    }
    return found;
  }

  /**
   * Removes what guests see of a part of a range in the branch table; translations of a shared
   * image and its entries stay for others, and guests see none of them any more.
   */
  private void forget(Range range, long start, long end) {
    if (range.image().shared()) {
      table.show(view, range.start(), range.end() - range.start());
      return;
    }
    for (InstalledTranslation each : range.image().retire(start, end - start)) {
      retired.add(each);
      for (int pc : each.translation().entries().pcs()) {
        if (table.get(Integer.toUnsignedLong(pc)) != 0) {
          table.set(Integer.toUnsignedLong(pc), 0);
        }
      }
    }
  }

  /**
   * Keeps a part of a range that lost another part. It starts afresh: the branches of an image are
   * linked, so it is whole or not at all.
   */
  private void keep(long start, long end) {
    if (start < end) {
      ranges.put(start, new Range(start, end, privateImage(start, end)));
    }
  }

  /**
   * Releases translations when each thread that may have been in one of them has been outside since
   * no branch leads there: what it enters afterwards it finds in the branch table.
   */
  private void release() {
    awaited.entrySet().removeIf(each -> !isInside(each.getKey(), each.getValue()));
    if (awaited.isEmpty()) {
      leaving.forEach(this::release);
      leaving.clear();
    }
    if (leaving.isEmpty() && retired.size() >= BATCH) {
      leaving = retired;
      retired = new ArrayList<>();
      // Who is seen outside below sees on its way in what has been cleared above.
      VarHandle.fullFence();
      users.forEach(user -> awaited.put(user, user.passages()));
      awaited.values().removeIf(passages -> (passages & 1) == 0);
    }
  }

  private boolean isInside(CodeUser user, long passages) {
    return users.contains(user) && user.passages() == passages;
  }

  private void release(InstalledTranslation each) {
    cache.release(each);
    memory.take(-TranslationCache.bytesOf(each.translation()));
  }

  /** Gives everything back. No guest thread of the address space is left. */
  @Override
  public synchronized void close() {
    for (Range range : ranges.values()) {
      if (!range.image().shared()) {
        retired.addAll(range.image().retire(range.start(), range.end() - range.start()));
      }
    }
    ranges.clear();
    leaving.forEach(this::release);
    leaving.clear();
    retired.forEach(this::release);
    retired.clear();
    cache.leave(held);
    held.clear();
    table.close();
  }
}
