package org.capvm.libos.host;

import static org.capvm.libos.host.HostSystemCall.call;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.abi.Errno;

/**
 * A filter of the system calls that this process may make of the host: a list of those allowed,
 * some of them by one argument, and EPERM for the rest; see seccomp(2).
 *
 * <p>Not thread-safe while it is built.
 */
public final class SeccompFilter {
  private static final int PRCTL = 157;
  private static final int SECCOMP = 317;
  private static final int PR_SET_NO_NEW_PRIVS = 38;
  private static final int SECCOMP_SET_MODE_FILTER = 1;
  private static final int SECCOMP_FILTER_FLAG_TSYNC = 1;

  // Classic BPF, linux/filter.h
  private static final int LOAD_WORD = 0x20;
  private static final int JUMP_IF_EQUAL = 0x15;
  private static final int JUMP_IF_ANY_BIT = 0x45;
  private static final int RETURN = 0x06;
  private static final int INSTRUCTION_BYTES = 8;
  private static final int PROGRAM_BYTES = 16;

  // struct seccomp_data, linux/seccomp.h
  private static final int NUMBER = 0;
  private static final int ARCHITECTURE = 4;
  private static final int ARGUMENTS = 16;

  private static final int AUDIT_ARCH_X86_64 = 0xC000_003E;
  private static final int KILL_PROCESS = 0x8000_0000;
  private static final int FAIL = 0x0005_0000;
  private static final int ALLOW = 0x7FFF_0000;

  private record Step(int code, int ifTrue, int ifFalse, int constant) {}

  private final List<Step> steps = new ArrayList<>();

  /** A filter that allows nothing. Calls of another architecture's table end the process. */
  public SeccompFilter() {
    load(ARCHITECTURE);
    steps.add(new Step(JUMP_IF_EQUAL, 1, 0, AUDIT_ARCH_X86_64));
    result(KILL_PROCESS);
    load(NUMBER);
  }

  /** Allows a call. */
  public void allow(int number) {
    steps.add(new Step(JUMP_IF_EQUAL, 0, 1, number));
    result(ALLOW);
  }

  /** Makes a call fail with an errno other than EPERM. */
  public void fail(int number, int errno) {
    steps.add(new Step(JUMP_IF_EQUAL, 0, 1, number));
    result(FAIL | errno);
  }

  /** Allows a call if the low half of an argument, from 0, is one of some values. */
  public void allowValues(int number, int argument, int... values) {
    steps.add(new Step(JUMP_IF_EQUAL, 0, 2 * values.length + 2, number));
    load(ARGUMENTS + 8 * argument);
    for (int value : values) {
      steps.add(new Step(JUMP_IF_EQUAL, 0, 1, value));
      result(ALLOW);
    }
    result(FAIL | Errno.EPERM);
  }

  /** Allows a call unless the low half of an argument is one of some values. */
  public void allowExcept(int number, int argument, int... values) {
    steps.add(new Step(JUMP_IF_EQUAL, 0, 2 * values.length + 2, number));
    load(ARGUMENTS + 8 * argument);
    for (int value : values) {
      steps.add(new Step(JUMP_IF_EQUAL, 0, 1, value));
      result(FAIL | Errno.EPERM);
    }
    result(ALLOW);
  }

  /** Allows a call if an argument has a bit set. */
  public void allowWithBit(int number, int argument, int bit) {
    steps.add(new Step(JUMP_IF_EQUAL, 0, 4, number));
    load(ARGUMENTS + 8 * argument);
    steps.add(new Step(JUMP_IF_ANY_BIT, 0, 1, bit));
    result(ALLOW);
    result(FAIL | Errno.EPERM);
  }

  /**
   * Puts the filter in force for all threads of the process, for good, and gives up the right to
   * gain privileges by executing a file.
   *
   * @return 0 or -errno: EINVAL if the kernel has no seccomp, ESRCH if another thread has a filter
   *     of its own
   */
  public long install() {
    result(FAIL | Errno.EPERM);
    long done = call(PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0);
    if (done != 0) {
      return done;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment program = arena.allocate(PROGRAM_BYTES, 8);
      MemorySegment code = arena.allocate((long) INSTRUCTION_BYTES * steps.size(), 8);
      for (int i = 0; i < steps.size(); i++) {
        Step step = steps.get(i);
        long at = (long) INSTRUCTION_BYTES * i;
        code.set(ValueLayout.JAVA_SHORT, at, (short) step.code());
        code.set(ValueLayout.JAVA_BYTE, at + 2, (byte) step.ifTrue());
        code.set(ValueLayout.JAVA_BYTE, at + 3, (byte) step.ifFalse());
        code.set(ValueLayout.JAVA_INT, at + 4, step.constant());
      }
      program.set(ValueLayout.JAVA_SHORT, 0, (short) steps.size());
      program.set(ValueLayout.ADDRESS, 8, code);
      long result =
          call(SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program.address());
      return result > 0 ? -Errno.ESRCH : result;
    }
  }

  private void load(int offset) {
    steps.add(new Step(LOAD_WORD, 0, 0, offset));
  }

  private void result(int value) {
    steps.add(new Step(RETURN, 0, 0, value));
  }
}
