package org.capvm.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** A table as the README holds it: the first column of text, the others of figures. */
final class MarkdownTable {
  private final List<String> lines = new ArrayList<>();

  MarkdownTable(String... headings) {
    row(headings);
    List<String> rules = new ArrayList<>(Collections.nCopies(headings.length, "--:"));
    rules.set(0, "---");
    row(rules.toArray(String[]::new));
  }

  MarkdownTable row(String... cells) {
    lines.add("| " + String.join(" | ", cells) + " |");
    return this;
  }

  /**
   * A row that compares the medians of what was measured natively and in a cVM.
   *
   * @return this
   */
  MarkdownTable compare(String name, List<Double> natively, List<Double> confined) {
    double nativeFigure = Report.median(natively);
    double confinedFigure = Report.median(confined);
    return row(
        name,
        figure(nativeFigure, 0),
        figure(confinedFigure, 0),
        figure(confinedFigure / nativeFigure, 2));
  }

  @Override
  public String toString() {
    return String.join("\n", lines) + "\n";
  }

  /** A figure with as many digits behind the point as asked for. */
  static String figure(double value, int digits) {
    return String.format(Locale.ROOT, "%." + digits + "f", value);
  }
}
