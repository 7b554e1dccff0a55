package org.capvm.machine.code;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import org.capvm.machine.translate.CodeLocation;
import org.capvm.machine.translate.Translation;
import org.capvm.machine.translate.Translator;

/**
 * All translations of the JVM: places them in the code cache, finds them by host address, and keeps
 * the images that address spaces share.
 *
 * <p>Threads: any. Shared images are guarded by the map's monitor; the index of installed
 * translations is lock-free.
 */
public final class TranslationCache {
  private final CodeCache codeCache;
  private final GateEntries gates;
  private final Translator translator = new Translator();
  private final TranslationCheck check;
  private final Map<ImageKey, CodeImage> sharedImages = new HashMap<>();
  private final ConcurrentSkipListMap<Long, InstalledTranslation> byOffset =
      new ConcurrentSkipListMap<>();
  private final LongAdder guestBytes = new LongAdder();
  private final LongAdder hostBytes = new LongAdder();
  private final LongAdder checkedBytes = new LongAdder();
  private final LongAdder nanos = new LongAdder();

  private record ImageKey(CodeOrigin origin, long start, long lengthBytes) {}

  /**
   * @param codeCache where translations go; its gates are in place
   * @param gates the gates' entries in it
   * @param check looks at each translation before a guest can reach it
   */
  public TranslationCache(CodeCache codeCache, GateEntries gates, TranslationCheck check) {
    this.codeCache = codeCache;
    this.gates = gates;
    this.check = check;
  }

  Translator translator() {
    return translator;
  }

  long executableAddress(long offset) {
    return codeCache.executableAddress() + offset;
  }

  void redirect(long siteOffset, long targetOffset) {
    codeCache.redirect(siteOffset, targetOffset);
  }

  /** The translation that holds an offset of the code cache. */
  InstalledTranslation translationAt(long offset) {
    var entry = byOffset.floorEntry(offset);
    return entry == null || offset >= entry.getKey() + entry.getValue().translation().lengthBytes()
        ? null
        : entry.getValue();
  }

  /**
   * What the guest was doing at a host instruction.
   *
   * @param hostAddress an address of the code cache
   * @return null if no translation is there
   */
  public CodeLocation locate(long hostAddress) {
    long offset = hostAddress - codeCache.executableAddress();
    InstalledTranslation installed = translationAt(offset);
    return installed == null
        ? null
        : installed.translation().map().at((int) (offset - installed.offset()));
  }

  /** What has been translated since the start. */
  public TranslationStatistics statistics() {
    return new TranslationStatistics(
        byOffset.size(), guestBytes.sum(), hostBytes.sum(), checkedBytes.sum(), nanos.sum());
  }

  void countNanos(long spent) {
    nanos.add(spent);
  }

  /** The shared image of a mapping. */
  CodeImage sharedImage(CodeOrigin origin, long start, long lengthBytes) {
    synchronized (sharedImages) {
      return sharedImages.computeIfAbsent(
          new ImageKey(origin, start, lengthBytes),
          key -> CodeImage.shared(this, start, start + lengthBytes));
    }
  }

  /** Places a translation. Nothing leads to it yet. */
  InstalledTranslation install(Translation translation) {
    int length = translation.lengthBytes();
    long offset = codeCache.allocate(length);
    Translation.GateSites sites = translation.gateSites();
    for (int i = 0; i < sites.sites().length; i++) {
      int site = sites.sites()[i];
      long gate = gates.of(Translation.GateKind.ofOrdinal(sites.gates()[i]));
      putInt(translation.code(), site, (int) (gate - (executableAddress(offset) + site + 4)));
    }
    if (check != TranslationCheck.NONE) {
      check(translation, offset);
    }
    codeCache.write(offset, translation.code(), length);
    guestBytes.add(translation.guestBytes());
    hostBytes.add(length);
    InstalledTranslation installed = new InstalledTranslation(translation, offset);
    byOffset.put(offset, installed);
    return installed;
  }

  private void check(Translation translation, long offset) {
    try {
      check.check(translation, executableAddress(offset), gates);
      checkedBytes.add(translation.lengthBytes());
    } catch (IllegalStateException refused) {
      codeCache.release(offset, translation.lengthBytes());
      throw refused;
    }
  }

  /** Gives back the room of a retired translation. No guest thread executes it. */
  void release(InstalledTranslation installed) {
    byOffset.remove(installed.offset());
    codeCache.release(installed.offset(), installed.translation().lengthBytes());
  }

  private static void putInt(byte[] code, int at, int value) {
    code[at] = (byte) value;
    code[at + 1] = (byte) (value >> 8);
    code[at + 2] = (byte) (value >> 16);
    code[at + 3] = (byte) (value >> 24);
  }
}
