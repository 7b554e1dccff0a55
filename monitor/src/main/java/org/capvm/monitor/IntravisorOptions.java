package org.capvm.monitor;

import org.capvm.machine.code.CodeCache;
import org.capvm.machine.code.TranslationCheck;

/**
 * How an {@link Intravisor} is set up.
 *
 * @param codeCacheBytes room for the translations of all cVMs, a multiple of 4096 and at most
 *     {@link CodeCache#MAX_CAPACITY_BYTES}; memory is taken as it is used
 * @param check looks at each translation before a guest can reach it
 */
public record IntravisorOptions(long codeCacheBytes, TranslationCheck check) {
  /** What a JVM that runs a few cVMs needs. */
  public static IntravisorOptions defaults() {
    return new IntravisorOptions(1L << 30, TranslationCheck.VERIFIER);
  }
}
