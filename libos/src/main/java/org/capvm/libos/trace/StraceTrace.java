package org.capvm.libos.trace;

import java.util.List;
import java.util.function.Consumer;
import org.capvm.libos.ArgumentKind;
import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallTable;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;
import org.capvm.libos.process.Task;
import org.capvm.libos.signal.SignalInfo;

/**
 * Writes a line for every call, as strace does. A line appears when its call is over; input
 * arguments are as they were before it. Lines of tasks other than the first start with the task's
 * id.
 */
public final class StraceTrace implements TraceSink {
  private static final int RESULT_COLUMN = 40;
  private static final int MMAP = 9;
  private static final int BRK = 12;
  private static final int MREMAP = 25;
  private static final int SHMAT = 30;
  private static final int EXIT = 60;
  private static final int EXIT_GROUP = 231;

  private final Consumer<String> lines;

  @SuppressWarnings("ThreadLocalUsage") // what a call was given, of one trace
  private final ThreadLocal<String[]> inputs = new ThreadLocal<>();

  /**
   * @param lines receives each line, without a line end, on the thread of the task
   */
  public StraceTrace(Consumer<String> lines) {
    this.lines = lines;
  }

  @Override
  public void entered(Task task, int number, long[] arguments) {
    SystemCall row = SystemCallTable.row(number);
    if (row == null) {
      return;
    }
    List<ArgumentKind> kinds = row.arguments();
    ArgumentPrinter printer = new ArgumentPrinter(task.memory(), arguments, 0);
    String[] texts = new String[kinds.size()];
    for (int i = 0; i < texts.length; i++) {
      if (!ArgumentPrinter.isOutput(kinds.get(i))) {
        texts[i] = printer.print(kinds.get(i), i);
      }
    }
    inputs.set(texts);
    if (number == EXIT || number == EXIT_GROUP) {
      write(task, row.name() + "(" + texts[0] + ")", "?");
    }
  }

  @Override
  public void left(Task task, int number, long[] arguments, long result) {
    if (number == EXIT || number == EXIT_GROUP) {
      return;
    }
    SystemCall row = SystemCallTable.row(number);
    if (row == null) {
      write(task, "syscall_0x" + Integer.toHexString(number) + "()", result(number, result));
      return;
    }
    List<ArgumentKind> kinds = row.arguments();
    ArgumentPrinter printer = new ArgumentPrinter(task.memory(), arguments, result);
    String[] texts = inputs.get();
    StringBuilder call = new StringBuilder(row.name()).append('(');
    boolean first = true;
    for (int i = 0; i < texts.length; i++) {
      boolean output = ArgumentPrinter.isOutput(kinds.get(i));
      String text = output ? printer.print(kinds.get(i), i) : texts[i];
      if (text != null) {
        call.append(first ? "" : ", ").append(text);
        first = false;
      }
    }
    write(task, call.append(')').toString(), result(number, result));
  }

  private static String result(int number, long result) {
    if (result <= -Errno.ERESTARTSYS && result >= -Errno.ERESTART_RESTARTBLOCK) {
      return "? " + Errno.name((int) -result);
    }
    if (result < 0 && result >= -4095) {
      int errno = (int) -result;
      return "-1 " + Errno.name(errno) + " (" + Errno.message(errno) + ")";
    }
    boolean address = number == MMAP || number == BRK || number == MREMAP || number == SHMAT;
    return address ? "0x" + Long.toHexString(result) : Long.toString(result);
  }

  @Override
  public void signal(Task task, SignalInfo info) {
    String name = Signal.name(info.signal());
    String text = "--- " + name + " {si_signo=" + name + ", si_code=" + code(info);
    boolean fault = info.code() > 0 && info.code() < Signal.SI_KERNEL && isFault(info.signal());
    if (fault) {
      text += ", si_addr=" + ArgumentPrinter.address(info.word0());
    } else if (info.code() == Signal.SI_USER || info.code() == Signal.SI_TKILL) {
      text += ", si_pid=" + info.senderId() + ", si_uid=" + (info.word0() >>> 32);
    }
    lines.accept(prefix(task) + text + "} ---");
  }

  private static boolean isFault(int signal) {
    return switch (signal) {
      case Signal.SIGSEGV, Signal.SIGBUS, Signal.SIGILL, Signal.SIGFPE, Signal.SIGTRAP -> true;
      default -> false;
    };
  }

  private static String code(SignalInfo info) {
    return switch (info.code()) {
      case Signal.SI_USER -> "SI_USER";
      case Signal.SI_KERNEL -> "SI_KERNEL";
      case Signal.SI_TKILL -> "SI_TKILL";
      case Signal.SI_QUEUE -> "SI_QUEUE";
      case Signal.SI_TIMER -> "SI_TIMER";
      default ->
          info.signal() == Signal.SIGSEGV
              ? Flags.FAULT_CODES.value(info.code())
              : Integer.toString(info.code());
    };
  }

  private void write(Task task, String call, String result) {
    String padding = " ".repeat(Math.max(0, RESULT_COLUMN - 1 - call.length()));
    lines.accept(prefix(task) + call + padding + " = " + result);
  }

  private static String prefix(Task task) {
    return task.id() == 1 ? "" : "[pid " + task.id() + "] ";
  }
}
