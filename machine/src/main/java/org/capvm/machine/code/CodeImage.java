package org.capvm.machine.code;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.capvm.machine.translate.CodeSource;
import org.capvm.machine.translate.Translation;

/**
 * The translations of one stretch of guest code, shared by every address space that maps the same
 * code at the same guest address.
 *
 * <p>Direct branches are linked within an image only: whoever runs code of an image has all of it
 * mapped. Branches that leave an image go through the branch table of the guest that runs. A shared
 * image has a table of its own, which all those address spaces look at: what one of them has found
 * is there for the others.
 *
 * <p>Threads: any; all state is guarded by this object's monitor. Guests that run its code take no
 * lock.
 */
final class CodeImage implements AutoCloseable {
  private final TranslationCache cache;
  private final long start;
  private final long end;
  private final CodeOrigin origin;
  private final BranchTable table;

  /** How many address spaces share the image; the cache's. */
  int users;

  /** What a shared image's translations take. */
  private long chargedBytes;

  /** Where the translation of each pc that control has gone to, or branches to, is. */
  private final PcMap labels = new PcMap();

  /** Pcs with a translation that control can enter. */
  private final PcSet enterable = new PcSet();

  /** Direct branches to a pc, linked if the pc has a label, otherwise pointing at their stubs. */
  private final Map<Integer, List<Link>> links = new HashMap<>();

  /** By the lowest pc; several may start at the same one. */
  private final TreeMap<Long, List<InstalledTranslation>> installed = new TreeMap<>();

  /** A direct branch: the offset of its distance in the code cache, and that of its stub. */
  private record Link(long site, long stub) {}

  private CodeImage(
      TranslationCache cache, long start, long end, CodeOrigin origin, BranchTable table) {
    this.cache = cache;
    this.start = start;
    this.end = end;
    this.origin = origin;
    this.table = table;
  }

  /** An image for all address spaces that map the same code; the cache closes it. */
  static CodeImage shared(TranslationCache cache, CodeOrigin origin, long start, long end) {
    BranchTable table = new BranchTable(start, end - start);
    table.make();
    return new CodeImage(cache, start, end, origin, table);
  }

  /**
   * An image of one address space.
   *
   * @param table that of the address space
   */
  static CodeImage ofOne(TranslationCache cache, long start, long end, BranchTable table) {
    return new CodeImage(cache, start, end, null, table);
  }

  boolean shared() {
    return origin != null;
  }

  /** Whether the image goes when nobody uses it any more. */
  boolean ofOneMapping() {
    return shared() && origin.isOfOneMapping();
  }

  TranslationCache.ImageKey key() {
    return new TranslationCache.ImageKey(origin, start, end - start);
  }

  /** The branch table that has the image's entries. */
  BranchTable table() {
    return table;
  }

  /**
   * The host address at which a pc is executed, after translating it if need be; from then on the
   * branch table has it.
   *
   * @param memory where to read the guest code from
   * @return 0 if there is no code to read at the pc
   */
  synchronized long resolve(long guestPc, CodeMemory memory) {
    long known = table.get(guestPc);
    if (known != 0) {
      return known;
    }
    if (find((int) guestPc) == PcMap.ABSENT && !translate(guestPc, memory)) {
      return 0;
    }
    long hostAddress = cache.executableAddress(labels.get((int) guestPc));
    table.set(guestPc, hostAddress);
    return hostAddress;
  }

  private boolean translate(long guestPc, CodeMemory memory) {
    long begun = System.nanoTime();
    CodeSource source = new GuestCode(memory, start, end, !shared());
    Translation translation =
        cache.translator().translate(source, guestPc, pc -> enterable.contains((int) pc));
    if (translation == null) {
      return false;
    }
    long bytes = table.take(translation) + TranslationCache.bytesOf(translation);
    if ((!shared() || ofOneMapping()) && !memory.take(bytes)) {
      throw new CodeCacheFullException("its translations take more memory than it may have");
    }
    InstalledTranslation result = cache.install(translation);
    if (shared()) {
      cache.chargeShared(bytes);
      chargedBytes += bytes;
    }
    cache.countNanos(System.nanoTime() - begun);
    installed.computeIfAbsent(translation.lowestPc(), pc -> new ArrayList<>(1)).add(result);
    publish(result);
    return true;
  }

  /**
   * Where the translation of a pc is, which becomes a label if it was none; {@link PcMap#ABSENT}.
   */
  private long find(int pc) {
    long known = labels.get(pc);
    if (known != PcMap.ABSENT || !enterable.contains(pc)) {
      return known;
    }
    // Translations that start at or before the pc, the nearest first: one of them has it.
    for (List<InstalledTranslation> candidates :
        installed.headMap(Integer.toUnsignedLong(pc), true).descendingMap().values()) {
      for (InstalledTranslation candidate : candidates) {
        Translation.Entries entries = candidate.translation().entries();
        int index = Arrays.binarySearch(entries.pcs(), pc);
        if (index >= 0) {
          setLabel(pc, candidate.offset() + entries.offsets()[index]);
          return labels.get(pc);
        }
      }
    }
    throw new IllegalStateException("no translation has 0x" + Integer.toHexString(pc));
  }

  private void setLabel(int pc, long target) {
    labels.put(pc, target);
    for (Link link : links.getOrDefault(pc, List.of())) {
      cache.redirect(link.site(), target);
    }
  }

  /**
   * Makes the labels of a translation known, and links its branches and those that waited for it.
   * Labels that indirect branches are likely to reach go into the table at once, so that they do
   * not miss one by one.
   */
  private void publish(InstalledTranslation installedTranslation) {
    Translation translation = installedTranslation.translation();
    long base = installedTranslation.offset();
    Translation.Branches branches = translation.branches();
    for (int i = 0; i < branches.sites().length; i++) {
      Link link = new Link(base + branches.sites()[i], base + branches.stubs()[i]);
      links.computeIfAbsent(branches.targets()[i], pc -> new ArrayList<>(2)).add(link);
      long target = find(branches.targets()[i]);
      if (target != PcMap.ABSENT) {
        cache.redirect(link.site(), target);
      }
    }
    Translation.Entries added = translation.entries();
    for (int i = 0; i < added.pcs().length; i++) {
      int pc = added.pcs()[i];
      enterable.add(pc);
      boolean wanted = added.kinds()[i] != Translation.EntryKind.IN_LINE || links.containsKey(pc);
      if (wanted && labels.get(pc) == PcMap.ABSENT) {
        setLabel(pc, base + added.offsets()[i]);
      }
      if (added.kinds()[i] == Translation.EntryKind.RETURN_POINT) {
        table.set(Integer.toUnsignedLong(pc), cache.executableAddress(base + added.offsets()[i]));
      }
    }
  }

  /**
   * Forgets the translations that touch a range. Guest threads may still be executing them until
   * they next leave translated code.
   *
   * @return those translations, whose labels the caller removes from branch tables and whose room
   *     it releases once no guest can run them
   */
  synchronized List<InstalledTranslation> retire(long guestAddress, long lengthBytes) {
    List<InstalledTranslation> retired = new ArrayList<>();
    var near =
        installed.subMap(guestAddress - Translation.MAX_GUEST_BYTES, guestAddress + lengthBytes);
    for (List<InstalledTranslation> candidates : near.values()) {
      candidates.removeIf(
          each -> each.touches(guestAddress, guestAddress + lengthBytes) && retired.add(each));
    }
    near.values().removeIf(List::isEmpty);
    for (InstalledTranslation each : retired) {
      for (int target : each.translation().branches().targets()) {
        links.get(target).removeIf(link -> each.holds(link.site()));
      }
      for (int pc : each.translation().entries().pcs()) {
        enterable.remove(pc);
        long target = labels.get(pc);
        if (target != PcMap.ABSENT && each.holds(target)) {
          labels.put(pc, PcMap.ABSENT);
          for (Link link : links.getOrDefault(pc, List.of())) {
            cache.redirect(link.site(), link.stub());
          }
        }
      }
    }
    return retired;
  }

  /** Gives back the room of a shared image. No guest thread executes its code. */
  @Override
  public synchronized void close() {
    for (List<InstalledTranslation> each : installed.values()) {
      each.forEach(cache::release);
    }
    cache.chargeShared(-chargedBytes);
    table.close();
  }
}
