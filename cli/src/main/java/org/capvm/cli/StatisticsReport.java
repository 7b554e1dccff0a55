package org.capvm.cli;

import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Collectors;
import org.capvm.engine.CvmStatistics;
import org.capvm.engine.TranslationFigures;

/** What {@code cvm run --stats} prints at the end. */
final class StatisticsReport {
  private static final double MEGA = 1e6;

  private StatisticsReport() {}

  static String of(CvmStatistics statistics, TranslationFigures translation) {
    StringBuilder text = new StringBuilder("system call               calls    failed\n");
    statistics.calls().stream()
        .sorted(Comparator.comparingLong(CvmStatistics.Calls::count).reversed())
        .forEach(
            calls -> {
              long failed = calls.failures().values().stream().mapToLong(Long::longValue).sum();
              String errors =
                  calls.failures().entrySet().stream()
                      .map(error -> error.getKey() + " " + error.getValue())
                      .collect(Collectors.joining(", ", "  ", ""));
              text.append(
                  "%-22s %8d %9s%s\n"
                      .formatted(
                          calls.name(),
                          calls.count(),
                          failed == 0 ? "" : Long.toString(failed),
                          failed == 0 ? "" : errors));
            });
    text.append(
        String.format(
            Locale.ROOT,
            "translated %.2f MB of guest code to %.2f MB, %.2f MB of them verified, in %.0f ms,"
                + " %.1f MB/s%n",
            translation.guestBytes() / MEGA,
            translation.hostBytes() / MEGA,
            translation.checkedBytes() / MEGA,
            translation.nanos() / MEGA,
            translation.guestBytes() * 1e3 / Math.max(1, translation.nanos())));
    text.append(
        String.format(
            Locale.ROOT, "memory %.1f MB at most%n", statistics.memoryPeakBytes() / MEGA));
    return text.toString();
  }
}
