package org.capvm.libos.process;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.memory.MemoryArea;
import org.capvm.libos.signal.SignalInfo;
import org.capvm.machine.layout.Gpr;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * What a person wants to know when a guest dies of a fault: where it was, what it touched, its
 * registers, its stack.
 *
 * @param command the name of the process
 * @param taskId the thread that was at fault
 * @param signal the signal that ends the process
 * @param code {@code si_code}
 * @param guestAddress {@code si_addr}
 * @param guestPc where the thread was
 * @param details the same and more, as lines that end with line feeds
 */
public record DeathReport(
    String command,
    int taskId,
    int signal,
    int code,
    long guestAddress,
    long guestPc,
    String details) {
  private static final String[] NAMES = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15"
  };
  private static final int STACK_WORDS = 512;
  private static final int FRAMES = 16;

  /** Hears of deaths, on the thread that is at fault. */
  public interface Listener {
    /** A signal is about to end a process as a fault would. */
    void died(DeathReport report);

    /** CapVM itself failed and ends the process; the text says how, for whoever mends it. */
    void failed(String text);
  }

  /** The report on a task. For the task's own thread. */
  public static DeathReport of(Task task, SignalInfo info) {
    return new DeathReport(
        task.name(),
        task.id(),
        info.signal(),
        info.code(),
        info.word0(),
        task.registers().pc(),
        details(task, info));
  }

  private static String details(Task task, SignalInfo info) {
    Registers registers = task.registers();
    StringBuilder report = new StringBuilder(1024);
    report.append(
        String.format(
            "%s[%d] %s (code %d, address %#x) at pc %s%n",
            task.name(),
            task.id(),
            Signal.name(info.signal()),
            info.code(),
            info.word0(),
            place(task, registers.pc())));
    for (int register = 0; register < 16; register++) {
      report.append(String.format("  %s %016x", NAMES[register], registers.get(register)));
      report.append(register % 4 == 3 ? "\n" : "");
    }
    report.append("  words on the stack that point into code:\n");
    int found = 0;
    long stackPointer = registers.get(Gpr.RSP);
    try {
      for (int i = 0; i < STACK_WORDS && found < FRAMES; i++) {
        long word = task.memory().getLong(stackPointer + 8L * i);
        MemoryArea area = task.addressSpace().areaAt(word);
        if (area != null && area.isExecutable()) {
          report.append("    ").append(place(task, word)).append('\n');
          found++;
        }
      }
    } catch (GuestMemoryFault e) {
      report.append("    (the stack ends here)\n");
    }
    return report.toString();
  }

  private static String place(Task task, long guestAddress) {
    MemoryArea area = task.addressSpace().areaAt(guestAddress);
    String text = String.format("%#x", guestAddress);
    if (area == null) {
      return text + " (not mapped)";
    }
    if (area.file() == null) {
      return text + (area.name() == null ? "" : " in " + area.name());
    }
    long offset = guestAddress - area.start() + area.fileOffset();
    return text + String.format(" in %s at file offset %#x", area.file().path(), offset);
  }
}
