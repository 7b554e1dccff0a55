package org.capvm.cli;

import java.io.PrintWriter;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.capvm.libos.SupportLevel;
import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code cvm syscalls}: what of Linux's system calls is there. */
@Command(
    name = "syscalls",
    description = "Lists every system call with how much of it is there.",
    mixinStandardHelpOptions = true)
final class SyscallsCommand implements Runnable {
  @Spec private CommandSpec specification;

  @Option(
      names = "--level",
      split = ",",
      paramLabel = "LEVEL",
      description = "Show these levels alone: ${COMPLETION-CANDIDATES}.")
  private Set<SupportLevel> levels = EnumSet.allOf(SupportLevel.class);

  @Option(names = "--markdown", description = "Print the page docs/syscalls.md.")
  private boolean markdown;

  @Override
  public void run() {
    List<SystemCall> rows =
        SystemCallTable.rows().stream().filter(row -> levels.contains(row.level())).toList();
    PrintWriter out = specification.commandLine().getOut();
    out.print(markdown ? page(rows) : table(rows));
    out.flush();
  }

  /** The rows as aligned columns. */
  static String table(List<SystemCall> rows) {
    int nameWidth = rows.stream().mapToInt(row -> row.name().length()).max().orElse(0);
    StringBuilder text = new StringBuilder();
    for (SystemCall row : rows) {
      String line =
          "%3d  %s  %-7s  %s"
              .formatted(
                  row.number(),
                  row.name() + " ".repeat(nameWidth - row.name().length()),
                  word(row.level()),
                  row.note());
      text.append(line.stripTrailing()).append('\n');
    }
    return text.append('\n').append(summary(rows)).append('\n').toString();
  }

  /** The rows as the documentation's page. */
  static String page(List<SystemCall> rows) {
    StringBuilder text =
        new StringBuilder(
            """
            # System calls

            Every system call of x86-64 Linux and how much of it the library OS has. Made by
            `./cvm syscalls --markdown`; a test keeps it current.

            - **done**: behaves as Linux's.
            - **partial**: works for common uses; the note says what is missing.
            - **refused**: fails on purpose, with an error that programs must expect of Linux.
            - **missing**: not written; fails with ENOSYS and is counted (`./cvm run --stats` shows it).

            """);
    text.append(summary(rows)).append("\n\n| Number | Call | Level | Note |\n|--:|---|---|---|\n");
    for (SystemCall row : rows) {
      String note = row.note().replace("|", "\\|");
      text.append(
              "| %d | [%s](%s) | %s |"
                  .formatted(row.number(), row.name(), row.manPage(), word(row.level())))
          .append(note.isEmpty() ? " |" : " " + note + " |")
          .append('\n');
    }
    return text.toString();
  }

  private static String summary(List<SystemCall> rows) {
    return rows.stream()
        .collect(
            Collectors.groupingBy(
                SystemCall::level, () -> new EnumMap<>(SupportLevel.class), Collectors.counting()))
        .entrySet()
        .stream()
        .map(entry -> entry.getValue() + " " + word(entry.getKey()))
        .collect(Collectors.joining(", ", "Of " + rows.size() + " calls: ", "."));
  }

  private static String word(SupportLevel level) {
    return level.name().toLowerCase(Locale.ROOT);
  }
}
