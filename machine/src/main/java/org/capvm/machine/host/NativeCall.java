package org.capvm.machine.host;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * Makes method handles for C library functions and for machine code of our own, and keeps errno.
 *
 * <p>A handle made by {@link #withErrno} takes one leading {@link MemorySegment}, always {@link
 * #errnoState()}; after the call {@link #errno()} is the calling thread's errno of that call. The
 * JVM may itself change errno between a native call and the next line of Java, so reading it in any
 * other way is wrong.
 *
 * <p>Threads: any; the errno state is per thread.
 */
@SuppressWarnings("restricted")
public final class NativeCall {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup C_LIBRARY = LINKER.defaultLookup();
  private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");
  private static final VarHandle ERRNO =
      Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private static final ThreadLocal<MemorySegment> ERRNO_STATE =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

  private NativeCall() {}

  /**
   * A handle for a C library function whose errno matters; its first parameter is {@link
   * #errnoState()}.
   *
   * @throws IllegalStateException if the C library has no such function
   */
  public static MethodHandle withErrno(
      String name, FunctionDescriptor type, Linker.Option... options) {
    Linker.Option[] all = new Linker.Option[options.length + 1];
    all[0] = CAPTURE_ERRNO;
    System.arraycopy(options, 0, all, 1, options.length);
    return LINKER.downcallHandle(addressOf(name), type, all);
  }

  /** A handle for a C library function that does not report through errno. */
  public static MethodHandle of(String name, FunctionDescriptor type, Linker.Option... options) {
    return LINKER.downcallHandle(addressOf(name), type, options);
  }

  /**
   * A handle for machine code of our own, which must follow the System V calling convention. Its
   * first parameter is the code's address as a {@link MemorySegment}, so that the handle itself can
   * be a constant.
   */
  public static MethodHandle ofCode(FunctionDescriptor type, Linker.Option... options) {
    return LINKER.downcallHandle(type, options);
  }

  /**
   * The calling thread's place for errno: the first argument of every handle from {@link
   * #withErrno}.
   */
  public static MemorySegment errnoState() {
    return ERRNO_STATE.get();
  }

  /**
   * The errno that the calling thread's last call through a handle from {@link #withErrno} left.
   */
  public static int errno() {
    return (int) ERRNO.get(ERRNO_STATE.get(), 0L);
  }

  /**
   * Turns whatever a method handle's {@code invokeExact} is declared to throw into an error: native
   * code throws nothing, so anything caught is the JVM's own.
   */
  public static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown instanceof RuntimeException exception) {
      return exception;
    }
    return new IllegalStateException(thrown);
  }

  private static MemorySegment addressOf(String name) {
    return C_LIBRARY
        .find(name)
        .orElseThrow(() -> new IllegalStateException("the C library has no function " + name));
  }

  /**
   * The layout of a C {@code void *} passed as a plain number, which is how host addresses travel
   * here.
   */
  static final ValueLayout.OfLong POINTER = ValueLayout.JAVA_LONG;
}
