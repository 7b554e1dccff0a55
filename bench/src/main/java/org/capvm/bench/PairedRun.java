package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The median processor times of alternating native and confined runs of one command: native, cVM,
 * native, cVM, ... so that a change of the machine's speed meets both.
 *
 * @param nativeNanos the native median
 * @param confinedNanos the confined median
 */
record PairedRun(long nativeNanos, long confinedNanos) {

  /** Measures, after one run of each that does not count, and compares the outputs. */
  static PairedRun measure(Runner confined, Command command, Path scratch, int rounds)
      throws IOException, InterruptedException {
    Path nativeOutput = scratch.resolve("native.output");
    Path confinedOutput = scratch.resolve("confined.output");
    Runner host = Runner.host();
    host.run(command, nativeOutput);
    confined.run(command, confinedOutput);
    if (!Runner.text(nativeOutput).equals(Runner.text(confinedOutput))) {
      throw new BenchmarkException(command.words() + " printed something else in a cVM");
    }
    long[] nativeTimes = new long[rounds];
    long[] confinedTimes = new long[rounds];
    for (int round = 0; round < rounds; round++) {
      host.run(command, nativeOutput);
      nativeTimes[round] = Runner.processorNanos(nativeOutput);
      confined.run(command, confinedOutput);
      confinedTimes[round] = Runner.processorNanos(confinedOutput);
    }
    return new PairedRun(median(nativeTimes), median(confinedTimes));
  }

  /** Confined processor time in units of native processor time. */
  double ratio() {
    return (double) confinedNanos / nativeNanos;
  }

  static long median(long[] values) {
    long[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
