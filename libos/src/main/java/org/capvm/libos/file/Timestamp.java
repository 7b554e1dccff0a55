package org.capvm.libos.file;

import java.time.Instant;

/**
 * A file's time.
 *
 * @param seconds since 1970, UTC
 * @param nanos 0..999,999,999
 */
public record Timestamp(long seconds, int nanos) {
  /** 1970. */
  public static final Timestamp EPOCH = new Timestamp(0, 0);

  /** The host's clock now. */
  public static Timestamp now() {
    Instant now = Instant.now();
    return new Timestamp(now.getEpochSecond(), now.getNano());
  }
}
