package org.capvm.machine.code;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
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
  /** Each takes a descriptor and a mapping of the host, which are the JVM's own. */
  private static final int MOST_IMAGES = 2048;

  /** More than a program has mappings of code, unless it makes them for the sake of it. */
  private static final int MOST_IMAGES_OF_ONE = 256;

  /** Of a translation, in the Java heap. */
  private static final long OBJECT_BYTES = 512;

  /** For each byte of code, in the code cache and, with what is known of it, in the Java heap. */
  private static final long BYTES_OF_A_BYTE = 6;

  private final CodeCache codeCache;
  private final GateEntries gates;
  private final Translator translator;
  private final TranslationCheck check;
  private final long sharedLimit;

  /** In the order in which they were last asked for. */
  private final Map<ImageKey, CodeImage> sharedImages = new LinkedHashMap<>(16, 0.75f, true);

  private final LongAdder sharedBytes = new LongAdder();
  private final ConcurrentSkipListMap<Long, InstalledTranslation> byOffset =
      new ConcurrentSkipListMap<>();
  private final LongAdder guestBytes = new LongAdder();
  private final LongAdder hostBytes = new LongAdder();
  private final LongAdder checkedBytes = new LongAdder();
  private final LongAdder nanos = new LongAdder();

  record ImageKey(CodeOrigin origin, long start, long lengthBytes) {}

  /**
   * @param codeCache where translations go; its gates are in place
   * @param gates the gates' entries in it
   * @param check looks at each translation before a guest can reach it
   */
  public TranslationCache(CodeCache codeCache, GateEntries gates, TranslationCheck check) {
    this.codeCache = codeCache;
    this.gates = gates;
    translator = new Translator(gates.threadFields());
    this.check = check;
    sharedLimit =
        Math.min(
            Runtime.getRuntime().maxMemory() / 4, codeCache.capacityBytes() / 2 * BYTES_OF_A_BYTE);
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

  /**
   * The shared image of a mapping.
   *
   * @param held the images of the address space that asks, which gives them back with {@link
   *     #leave}
   * @return null if there is no room for one more
   */
  CodeImage share(CodeOrigin origin, long start, long lengthBytes, Set<CodeImage> held) {
    synchronized (sharedImages) {
      ImageKey key = new ImageKey(origin, start, lengthBytes);
      CodeImage image = sharedImages.get(key);
      if (held.size() >= MOST_IMAGES_OF_ONE && !held.contains(image)) {
        return null;
      }
      if (image == null) {
        if (!makeRoom(MOST_IMAGES - 1)) {
          return null;
        }
        image = CodeImage.shared(this, origin, start, start + lengthBytes);
        sharedImages.put(key, image);
      }
      image.users += held.add(image) ? 1 : 0;
      return image;
    }
  }

  /** An address space whose guest threads are gone shares these images no more. */
  void leave(Set<CodeImage> held) {
    synchronized (sharedImages) {
      for (CodeImage image : held) {
        image.users--;
        if (image.users == 0 && image.ofOneMapping()) {
          sharedImages.remove(image.key());
          image.close();
        }
      }
    }
  }

  /** Whether translations for shared images may still be made; drops images nobody uses for it. */
  boolean hasRoomForShared() {
    if (sharedBytes.sum() < sharedLimit) {
      return true;
    }
    synchronized (sharedImages) {
      return makeRoom(MOST_IMAGES);
    }
  }

  /** Closes images nobody uses until there are few enough, and enough room for translations. */
  private boolean makeRoom(int images) {
    Iterator<CodeImage> eldest = sharedImages.values().iterator();
    while (sharedImages.size() > images || sharedBytes.sum() >= sharedLimit) {
      CodeImage image = null;
      while (image == null || image.users > 0) {
        if (!eldest.hasNext()) {
          return false;
        }
        image = eldest.next();
      }
      eldest.remove();
      image.close();
    }
    return true;
  }

  /** Counts what translations of shared images take, or gives it back if negative. */
  void chargeShared(long bytes) {
    sharedBytes.add(bytes);
  }

  /** What a translation takes besides the branch table, near enough. */
  static long bytesOf(Translation translation) {
    return OBJECT_BYTES + BYTES_OF_A_BYTE * translation.lengthBytes();
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
