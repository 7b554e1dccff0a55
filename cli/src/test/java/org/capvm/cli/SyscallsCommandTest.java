package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.capvm.libos.SupportLevel;
import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallTable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

final class SyscallsCommandTest {
  private static final List<SystemCall> ROWS =
      List.of(
          new SystemCall(0, "read", null, SupportLevel.DONE, "", List.of()),
          new SystemCall(165, "mount", null, SupportLevel.REFUSED, "EPERM|always", List.of()));

  @Test
  void columnsAreAligned() {
    assertThat(SyscallsCommand.table(ROWS))
        .isEqualTo(
            """
              0  read   done
            165  mount  refused  EPERM|always

            Of 2 calls: 1 done, 1 refused.
            """);
  }

  @Test
  void thePageLinksTheManualAndKeepsItsColumns() {
    assertThat(SyscallsCommand.page(ROWS))
        .contains("Of 2 calls: 1 done, 1 refused.")
        .endsWith(
            """
            | 0 | [read](https://man7.org/linux/man-pages/man2/read.2.html) | done | |
            | 165 | [mount](https://man7.org/linux/man-pages/man2/mount.2.html) | refused | EPERM\\|always |
            """);
  }

  @Test
  void everyCallIsListedOnce() {
    String text = run();
    assertThat(SystemCallTable.rows())
        .allSatisfy(
            row ->
                assertThat(text)
                    .containsPattern("(?m)^ *" + row.number() + "  " + row.name() + " "));
  }

  @Test
  void levelsCanBeChosen() {
    assertThat(run("--level", "missing,refused").lines())
        .noneMatch(line -> line.contains("  done  ") || line.contains("  partial  "));
  }

  private static String run(String... arguments) {
    StringWriter text = new StringWriter();
    CommandLine commandLine =
        new CommandLine(new SyscallsCommand())
            .setOut(new PrintWriter(text))
            .setCaseInsensitiveEnumValuesAllowed(true);
    assertThat(commandLine.execute(arguments)).isZero();
    return text.toString();
  }
}
