package org.capvm.engine;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The tools of scripts and pipelines, one process each. */
final class TextToolsTest {
  private static final String PROSE =
      "The quick brown fox\njumps over 13 lazy dogs, 42 cats & 7 hens.\nGrüße aus Köln\n\nend\n";

  @Test
  void sedRewritesLines() throws Exception {
    Differential.command(
            "sed", "-E", "-e", "s/([0-9]+)/<\\1>/g;/^$/d", "-e", "y/abc/xyz/", "-e", "$!N;P;D")
        .input(PROSE.repeat(50))
        .agreesWithStatus(0);
  }

  @Test
  void sedEditsInPlace() throws Exception {
    Differential.command("sed", "-i.bak", "2,3s/o/0/g", "text")
        .file("text", PROSE)
        .agreesWithStatus(0);
  }

  @Test
  void grepMatchesPerlPatterns() throws Exception {
    Differential.command("grep", "-nP", "(?<=\\d )[a-z]{4}\\b(?! &)|\\p{Lu}\\w+ß", "text")
        .file("text", PROSE.repeat(100))
        .agreesWithStatus(0);
  }

  @Test
  void grepCountsInALargeFile() throws Exception {
    Differential.command("grep", "-c", "-E", "(fox|[0-9]{2} cats).*$", "text")
        .file("text", PROSE.repeat(20_000))
        .agreesWithStatus(0);
  }

  @Test
  void gawkReports() throws Exception {
    awk("gawk");
  }

  @Test
  void mawkReports() throws Exception {
    awk("mawk");
  }

  private static void awk(String program) throws Exception {
    Differential.command(program, "-f", "report.awk", "table.csv")
        .copy(script("report.awk"))
        .file("table.csv", table(40_000))
        .agreesWithStatus(0);
  }

  @Test
  void aMillionLinesAreSorted() throws Exception {
    StringBuilder lines = new StringBuilder();
    Random random = new Random(7);
    for (int i = 0; i < 1_000_000; i++) {
      lines.append(Long.toString(random.nextLong() >>> 1, 36)).append('\n');
    }
    Differential.command("sort", "--parallel=1", "-o", "sorted", "lines")
        .file("lines", lines.toString())
        .environment("LC_ALL", "C")
        .within(Duration.ofSeconds(120))
        .agreesWithStatus(0);
  }

  @Test
  void sortFollowsKeysAndLocale() throws Exception {
    Differential.command("sort", "--parallel=1", "-t,", "-k1,1r", "-k2,2n", "-s", "table.csv")
        .file("table.csv", table(20_000))
        .agreesWithStatus(0);
  }

  @Test
  void bcComputesWithManyDigits() throws Exception {
    Differential.command("bc", "-l", "pi.bc").copy(script("pi.bc")).agreesWithStatus(0);
  }

  @Test
  void jqReshapesJson() throws Exception {
    StringBuilder json = new StringBuilder("[");
    for (int i = 0; i < 3000; i++) {
      json.append(i == 0 ? "" : ",")
          .append("{\"name\":\"n%d\",\"key\":\"k%d\",\"value\":%d.25}".formatted(i, i % 13, i));
    }
    Differential.command("jq", "-f", "shape.jq", "data.json")
        .copy(script("shape.jq"))
        .file("data.json", json.append("]").toString())
        .agreesWithStatus(0);
  }

  @Test
  void ripgrepSearchesOnOneThread() throws Exception {
    Differential.command("rg", "-j1", "--sort", "path", "-n", "\\b[0-9]+ (lazy|cats)\\b", ".")
        .file("one.txt", PROSE.repeat(500))
        .file("two.txt", "nothing here\n")
        .file(".ignored", PROSE)
        .agreesWithStatus(0);
  }

  @Test
  void diffComparesFiles() throws Exception {
    Differential.command("diff", "--label", "a", "--label", "b", "-u", "a", "b")
        .file("a", PROSE.repeat(20))
        .file("b", PROSE.repeat(20).replaceFirst("lazy", "sleepy"))
        .agreesWithStatus(1);
  }

  @Test
  void lsListsAHostDirectory() throws Exception {
    Differential.command("ls", "-la", "--time-style=+", "/usr/lib/python3.11").agreesWithStatus(0);
  }

  @Test
  void findWalksAHostDirectory() throws Exception {
    Differential.command(
            "find", "/usr/share/perl", "-name", "*.pm", "-size", "+40k", "-printf", "%p %s %m\\n")
        .agreesWithStatus(0);
  }

  @Test
  void tarPacksADirectory() throws Exception {
    Differential.command(
            "tar",
            "--sort=name",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "-cf",
            "out.tar",
            "one",
            "two")
        .file("one", PROSE.repeat(1000))
        .file("two", "2")
        .agreesWithStatus(0);
  }

  private static Path script(String name) {
    return TestPaths.GUEST_SOURCES.resolve("scripts").resolve(name);
  }

  private static String table(int rows) {
    Random random = new Random(11);
    StringBuilder table = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      table
          .append("k")
          .append(random.nextInt(40))
          .append(',')
          .append(random.nextInt(1_000_000) / 1000.0)
          .append(',')
          .append(Integer.toString(random.nextInt(1_000_000), 36))
          .append('\n');
    }
    return table.toString();
  }
}
