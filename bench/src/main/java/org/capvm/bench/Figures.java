package org.capvm.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What runs of a program printed: lines of a name and a figure, less being better. */
final class Figures {
  private final Map<String, List<Double>> all = new LinkedHashMap<>();

  /** Adds the lines of one run. */
  void collect(Path output) throws IOException {
    for (String line : Files.readAllLines(output)) {
      int blank = line.indexOf(' ');
      all.computeIfAbsent(line.substring(0, blank), name -> new ArrayList<>())
          .add(Double.valueOf(line.substring(blank + 1)));
    }
  }

  /** The figures of all runs, by name, in the order of the first run. */
  Map<String, List<Double>> all() {
    return all;
  }

  /** The median of each name's figures. */
  Map<String, Double> medians() {
    Map<String, Double> medians = new LinkedHashMap<>();
    all.forEach((name, figures) -> medians.put(name, Report.median(figures)));
    return medians;
  }
}
