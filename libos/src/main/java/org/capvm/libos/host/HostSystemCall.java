package org.capvm.libos.host;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;

/**
 * A system call of the host through the C library's {@code syscall(2)}, errno captured per thread.
 */
@SuppressWarnings("restricted")
final class HostSystemCall {
  private static final StructLayout CAPTURE = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CAPTURE.byteOffset(java.lang.foreign.MemoryLayout.PathElement.groupElement("errno"));

  private static final MethodHandle SYSCALL =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
              FunctionDescriptor.of(
                  JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                  JAVA_LONG),
              Linker.Option.firstVariadicArg(1),
              Linker.Option.captureCallState("errno"));

  private static final ThreadLocal<MemorySegment> CAPTURED =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CAPTURE));

  private HostSystemCall() {}

  /**
   * Makes a host system call. May block; never a {@code critical} call.
   *
   * @return the result, or -errno
   */
  static long call(int number, long a0, long a1, long a2, long a3, long a4, long a5) {
    MemorySegment captured = CAPTURED.get();
    long result;
    try {
      result = (long) SYSCALL.invokeExact(captured, (long) number, a0, a1, a2, a3, a4, a5);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
    return result == -1 ? -captured.get(JAVA_INT, ERRNO_OFFSET) : result;
  }

  static long call(int number, long a0, long a1, long a2, long a3) {
    return call(number, a0, a1, a2, a3, 0, 0);
  }

  static long call(int number, long a0, long a1, long a2) {
    return call(number, a0, a1, a2, 0, 0, 0);
  }

  static long call(int number, long a0, long a1) {
    return call(number, a0, a1, 0, 0, 0, 0);
  }

  static long call(int number, long a0) {
    return call(number, a0, 0, 0, 0, 0, 0);
  }
}
