package org.capvm.libos.memory;

/**
 * Where in the cVM's memory file the content of an area of private memory is.
 *
 * @param offset in bytes, of the area's start
 * @param copyOnWrite whether the file's bytes are shared with other address spaces, so that the
 *     area is mapped privately and pages that were written differ from the file; otherwise every
 *     store reaches the file
 */
record Backing(long offset, boolean copyOnWrite) {
  /** Where the content of an address some bytes further on is. */
  Backing plus(long bytes) {
    return new Backing(offset + bytes, copyOnWrite);
  }

  /** The same place, shared. */
  Backing shared() {
    return new Backing(offset, true);
  }
}
