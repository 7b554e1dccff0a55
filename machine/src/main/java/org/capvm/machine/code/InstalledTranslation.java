package org.capvm.machine.code;

import org.capvm.machine.translate.Translation;

/**
 * A translation at its place in the code cache.
 *
 * @param translation the code and what is known of it
 * @param offset where it starts in the code cache
 */
record InstalledTranslation(Translation translation, long offset) {
  /** Whether an offset of the code cache lies in this translation. */
  boolean holds(long cacheOffset) {
    return cacheOffset >= offset && cacheOffset < offset + translation.lengthBytes();
  }

  /** Whether guest code between two addresses is part of it. */
  boolean touches(long guestStart, long guestEnd) {
    return translation.lowestPc() < guestEnd && translation.highestPc() > guestStart;
  }
}
