package org.capvm.machine.code;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.capvm.machine.translate.Translation;

/**
 * The executable memory of one guest address space: which ranges are code, and which translations
 * serve them.
 *
 * <p>Threads: any. State is guarded by this object's monitor. Guests read the branch table without
 * a lock; a change becomes visible to them entry by entry, and a guest that is inside a translation
 * when it is retired leaves it at the latest when {@link CodeMemory#interruptGuests} takes effect.
 */
public final class CodeSpace implements AutoCloseable {
  private final TranslationCache cache;
  private final CodeMemory memory;
  private final BranchTable table = new BranchTable();
  private final TreeMap<Long, Range> ranges = new TreeMap<>();
  private final Map<Long, Long> presets = new HashMap<>();
  private final List<InstalledTranslation> retired = new ArrayList<>();

  private record Range(long start, long end, CodeImage image) {}

  /**
   * @param cache the translations of the JVM
   * @param memory the guest memory that holds the code
   */
  public CodeSpace(TranslationCache cache, CodeMemory memory) {
    this.cache = cache;
    this.memory = memory;
  }

  /**
   * The descriptor to map the branch table from, {@link
   * org.capvm.machine.layout.SlotLayout#BRANCH_TABLE_BYTES} long; it stays this object's own.
   */
  public int branchTableDescriptor() {
    return table.descriptor();
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
    CodeImage image =
        origin == null
            ? privateImage(guestAddress, end)
            : cache.sharedImage(origin, guestAddress, lengthBytes);
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
      memory.interruptGuests();
    }
  }

  /** Whether any byte of a range is code. */
  public synchronized boolean holdsCode(long guestAddress, long lengthBytes) {
    return !overlapping(guestAddress, guestAddress + lengthBytes).isEmpty();
  }

  /**
   * Gives a guest pc machine code of the monitor's own instead of a translation, for as long as the
   * range around it is code.
   *
   * @param hostAddress a routine in the gate area that returns to the guest as a translation would
   */
  public synchronized void preset(long guestPc, long hostAddress) {
    presets.put(guestPc, hostAddress);
    table.set(guestPc, hostAddress);
  }

  /**
   * The host address at which a guest pc is executed, after translating it if need be; from then on
   * the branch table has it.
   *
   * @return 0 if the pc is not code
   * @throws CodeCacheFullException if a translation is needed and has no room
   */
  public synchronized long resolve(long guestPc) {
    long known = table.get(guestPc);
    if (known != 0) {
      return known;
    }
    var entry = ranges.floorEntry(guestPc);
    if (entry == null || guestPc >= entry.getValue().end()) {
      return 0;
    }
    Long preset = presets.get(guestPc);
    if (preset != null) {
      table.set(guestPc, preset);
      return preset;
    }
    CodeImage image = entry.getValue().image();
    InstalledTranslation installed = image.enter(guestPc, memory);
    if (installed == null) {
      return 0;
    }
    publish(installed);
    long hostAddress = image.hostAddress(guestPc);
    table.set(guestPc, hostAddress);
    return hostAddress;
  }

  /** Gives another code space, of a copy of this address space, the same presets. */
  public synchronized void copyPresetsTo(CodeSpace child) {
    presets.forEach(child::preset);
  }

  /**
   * Puts the labels that indirect branches are likely to reach into the table, so that they do not
   * miss one by one.
   */
  private void publish(InstalledTranslation installed) {
    Translation.Entries entries = installed.translation().entries();
    long base = cache.executableAddress(installed.offset());
    for (int i = 0; i < entries.pcs().length; i++) {
      if (entries.kinds()[i] == Translation.EntryKind.RETURN_POINT) {
        table.set(Integer.toUnsignedLong(entries.pcs()[i]), base + entries.offsets()[i]);
      }
    }
  }

  private CodeImage privateImage(long start, long end) {
    return new CodeImage(cache, start, end, false);
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
   * Removes what the table has of a part of a range; translations of a shared image stay for
   * others, and all of the range's entries go.
   */
  private void forget(Range range, long start, long end) {
    if (range.image().shared()) {
      table.clear(range.start(), range.end() - range.start());
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

  /** Gives everything back. No guest thread of the address space is left. */
  @Override
  public synchronized void close() {
    for (Range range : ranges.values()) {
      if (!range.image().shared()) {
        retired.addAll(range.image().retire(range.start(), range.end() - range.start()));
      }
    }
    ranges.clear();
    retired.forEach(cache::release);
    retired.clear();
    table.close();
  }
}
