package org.capvm.engine;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.capvm.libos.CallStatistics;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallTable;
import org.capvm.libos.abi.Errno;

/**
 * What a cVM has used.
 *
 * @param calls the system calls that were made, by number
 * @param memoryPeakBytes the most memory its processes have had together
 */
public record CvmStatistics(List<Calls> calls, long memoryPeakBytes) {

  /**
   * How often one system call was made.
   *
   * @param name Linux's name
   * @param count calls, failed ones included
   * @param failures how often it failed with which error, by the error's name
   */
  public record Calls(String name, long count, Map<String, Long> failures) {}

  static CvmStatistics of(LibraryOs libraryOs) {
    CallStatistics statistics = libraryOs.statistics();
    Map<Integer, Map<String, Long>> failures = new TreeMap<>();
    for (CallStatistics.Failure failure : statistics.failures()) {
      failures
          .computeIfAbsent(failure.number(), number -> new TreeMap<>())
          .put(Errno.name(failure.errno()), failure.count());
    }
    List<Calls> calls =
        Stream.concat(SystemCallTable.rows().stream(), SystemCallTable.ownRows().stream())
            .map(row -> calls(row, statistics, failures))
            .filter(row -> row.count() != 0)
            .toList();
    return new CvmStatistics(calls, libraryOs.memoryLimit().peakBytes());
  }

  private static Calls calls(
      SystemCall row, CallStatistics statistics, Map<Integer, Map<String, Long>> failures) {
    return new Calls(
        row.name(), statistics.calls(row.number()), failures.getOrDefault(row.number(), Map.of()));
  }
}
