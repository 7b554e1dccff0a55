package org.capvm.libos.process;

import org.capvm.libos.abi.Signal;
import org.capvm.libos.memory.MemoryArea;
import org.capvm.libos.signal.SignalInfo;
import org.capvm.monitor.memory.GuestMemoryFault;

/** What a person wants to know when a guest dies of a fault: where it was, what it touched, its registers, its stack. */
public final class DeathReport {
  private static final String[] NAMES = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15"
  };
  private static final int STACK_WORDS = 512;
  private static final int FRAMES = 16;

  private DeathReport() {}

  /** The report, lines separated by line feeds. For the task's own thread. */
  public static String of(Task task, SignalInfo info) {
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
    long stackPointer = registers.get(Registers.RSP);
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
