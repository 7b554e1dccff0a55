package org.capvm.machine.host;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.capvm.machine.host.NativeCall.POINTER;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import org.capvm.machine.error.HostException;

/**
 * The host's calls about threads and signals, one method per C function.
 *
 * <p>Structures are passed as raw host addresses in the C library's layout for x86-64. Every method
 * throws {@link HostException} when the call fails. Threads: any; {@link #pthreadSigmask} and
 * {@link #sigaltstack} are about the calling thread, which must be a platform thread.
 */
public final class HostThread {
  /**
   * Bytes of the C library's {@code struct sigaction}: handler 8, mask 128, flags 4 (and 4 of
   * padding), restorer 8.
   */
  public static final int SIGACTION_BYTES = 152;

  /** Offset of the mask in {@code struct sigaction}. */
  public static final int SIGACTION_MASK = 8;

  /** Offset of the flags in {@code struct sigaction}. */
  public static final int SIGACTION_FLAGS = 136;

  /** The handler takes three arguments. */
  public static final int SA_SIGINFO = 4;

  /** The handler runs on the alternate stack, if the thread has one. */
  public static final int SA_ONSTACK = 0x0800_0000;

  /** The signal is not blocked while its handler runs. */
  public static final int SA_NODEFER = 0x4000_0000;

  /** Bytes of a {@code sigset_t}; bit {@code n - 1} stands for signal {@code n}. */
  public static final int SIGSET_BYTES = 128;

  /** Bytes of a {@code stack_t}: address 8, flags 4 (and 4 of padding), length 8. */
  public static final int STACK_BYTES = 24;

  /** In {@code stack_t}: there is no alternate stack. */
  public static final int SS_DISABLE = 2;

  /** Block the signals of the set. */
  public static final int SIG_BLOCK = 0;

  /** Block exactly the signals of the set. */
  public static final int SIG_SETMASK = 2;

  private static final MethodHandle SIGACTION =
      NativeCall.withErrno(
          "sigaction", FunctionDescriptor.of(JAVA_INT, JAVA_INT, POINTER, POINTER));
  private static final MethodHandle SIGALTSTACK =
      NativeCall.withErrno("sigaltstack", FunctionDescriptor.of(JAVA_INT, POINTER, POINTER));
  private static final MethodHandle PTHREAD_SIGMASK =
      NativeCall.of("pthread_sigmask", FunctionDescriptor.of(JAVA_INT, JAVA_INT, POINTER, POINTER));
  private static final MethodHandle GETTID =
      NativeCall.of("gettid", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle GETPID =
      NativeCall.of("getpid", FunctionDescriptor.of(JAVA_INT));
  private static final MethodHandle TGKILL =
      NativeCall.withErrno("tgkill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));

  private HostThread() {}

  /**
   * Reads and replaces what the process does on a signal.
   *
   * @param newAction host address of a {@code struct sigaction}, or 0 to change nothing
   * @param oldAction host address for the former one, or 0
   */
  public static void sigaction(int signal, long newAction, long oldAction) {
    int result;
    try {
      result = (int) SIGACTION.invokeExact(NativeCall.errnoState(), signal, newAction, oldAction);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result < 0) {
      throw new HostException("sigaction(" + signal + ")", NativeCall.errno());
    }
  }

  /**
   * Reads and replaces the calling thread's alternate signal stack.
   *
   * @param newStack host address of a {@code stack_t}, or 0 to change nothing
   * @param oldStack host address for the former one, or 0
   */
  public static void sigaltstack(long newStack, long oldStack) {
    int result;
    try {
      result = (int) SIGALTSTACK.invokeExact(NativeCall.errnoState(), newStack, oldStack);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result < 0) {
      throw new HostException("sigaltstack", NativeCall.errno());
    }
  }

  /**
   * Reads and changes the calling thread's blocked signals.
   *
   * @param how one of the {@code SIG_} constants
   * @param newSet host address of a {@code sigset_t}, or 0 to change nothing
   * @param oldSet host address for the former one, or 0
   */
  public static void pthreadSigmask(int how, long newSet, long oldSet) {
    int result;
    try {
      result = (int) PTHREAD_SIGMASK.invokeExact(how, newSet, oldSet);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result != 0) {
      throw new HostException("pthread_sigmask", result);
    }
  }

  /** The kernel's number of the calling thread. */
  public static int gettid() {
    try {
      return (int) GETTID.invokeExact();
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  /** The kernel's number of this process. */
  public static int getpid() {
    try {
      return (int) GETPID.invokeExact();
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  /** Sends a signal to one thread of a process. */
  public static void tgkill(int processId, int threadId, int signal) {
    int result;
    try {
      result = (int) TGKILL.invokeExact(NativeCall.errnoState(), processId, threadId, signal);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    if (result < 0) {
      throw new HostException("tgkill(" + threadId + ", " + signal + ")", NativeCall.errno());
    }
  }
}
