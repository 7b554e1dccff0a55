package org.capvm.libos.trace;

import java.util.List;
import java.util.StringJoiner;
import java.util.function.Consumer;
import org.capvm.libos.ArgumentKind;
import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallTable;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.Task;
import org.capvm.libos.signal.SignalInfo;

/**
 * Writes system calls in strace's format, one line each when the call is over: {@code [pid 2] close(3) = 0}. The
 * process is named once there is more than one thread. Calls that do not return are written when they are made.
 */
public final class TextTrace implements TraceSink {
  private static final int RT_SIGRETURN = 15;
  private static final int EXIT = 60;
  private static final int EXIT_GROUP = 231;
  private static final int MMAP = 9;
  private static final int BRK = 12;
  private static final int ARGUMENTS = 6;
  private static final int RESULT_COLUMN = 39;
  private static final int CREATING = OpenFlags.O_CREAT | OpenFlags.O_TMPFILE & ~OpenFlags.O_DIRECTORY;

  private final Consumer<String> lines;

  /** Writes lines, without line ends; the receiver is called by many threads. */
  public TextTrace(Consumer<String> lines) {
    this.lines = lines;
  }

  @Override
  public void entered(Task task, int number, long[] arguments) {
    if (number == EXIT || number == EXIT_GROUP || number == RT_SIGRETURN) {
      write(task, call(task, number, arguments, -1), "?");
    }
  }

  @Override
  public void left(Task task, int number, long[] arguments, long result) {
    if (number != EXIT && number != EXIT_GROUP && number != RT_SIGRETURN) {
      write(task, call(task, number, arguments, result), result(number, result));
    }
  }

  @Override
  public void signal(Task task, SignalInfo info) {
    lines.accept(
        prefix(task) + "--- %s {si_code=%d} ---".formatted(Signal.name(info.signal()), info.code()));
  }

  private void write(Task task, String call, String result) {
    String padding = " ".repeat(Math.max(0, RESULT_COLUMN - call.length()));
    lines.accept(prefix(task) + call + padding + " = " + result);
  }

  private static String prefix(Task task) {
    boolean alone =
        task.libraryOs().processes().processes().size() == 1 && task.process().tasks().size() == 1;
    return alone ? "" : "[pid " + task.id() + "] ";
  }

  private static String call(Task task, int number, long[] arguments, long result) {
    SystemCall row = SystemCallTable.row(number);
    StringJoiner text = new StringJoiner(", ", (row == null ? "syscall_" + number : row.name()) + "(", ")");
    List<ArgumentKind> kinds = row == null ? List.of() : row.arguments();
    ArgumentText writer = new ArgumentText(task);
    for (int i = 0; i < kinds.size(); i++) {
      boolean unused =
          kinds.get(i) == ArgumentKind.OPEN_MODE && i > 0 && (arguments[i - 1] & CREATING) == 0;
      if (!unused) {
        text.add(writer.text(kinds.get(i), i, arguments, result));
      }
    }
    if (row == null) {
      for (int i = 0; i < ARGUMENTS; i++) {
        text.add("0x" + Long.toHexString(arguments[i]));
      }
    }
    return text.toString();
  }

  private static String result(int number, long result) {
    if (result < 0 && result >= -4095) {
      int errno = (int) -result;
      return "-1 " + Errno.name(errno) + " (" + Errno.message(errno) + ")";
    }
    return number == MMAP || number == BRK ? "0x" + Long.toHexString(result) : Long.toString(result);
  }
}
