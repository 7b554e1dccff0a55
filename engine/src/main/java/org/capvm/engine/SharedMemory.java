package org.capvm.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A CP_File that belongs to no cVM and is there from the start: cVMs open it as {@code
 * shared/NAME}.
 *
 * @param name of 1 to 4096 characters, without a slash
 * @param lengthBytes 1 and above
 * @param content what it begins with, copied; the rest is zero
 * @param access who may do what, by the cVM's host name; {@code *} is every cVM that is not named
 */
public record SharedMemory(
    String name, long lengthBytes, MemorySegment content, Map<String, Access> access) {

  /** What a cVM may do with the bytes. */
  public enum Access {
    /** Copy them out, and wait for notifications. */
    READ,
    /** Copy bytes in, and notify. */
    WRITE,
    /** Both. */
    READ_WRITE
  }

  /** Copies what could change, and checks the lengths. */
  public SharedMemory {
    content = MemorySegment.ofArray(content.toArray(ValueLayout.JAVA_BYTE)).asReadOnly();
    access = new LinkedHashMap<>(access);
    if (lengthBytes < 1 || lengthBytes < content.byteSize()) {
      throw new IllegalArgumentException(
          "shared memory "
              + name
              + " of "
              + lengthBytes
              + " bytes cannot hold "
              + content.byteSize()
              + " bytes of content");
    }
  }
}
