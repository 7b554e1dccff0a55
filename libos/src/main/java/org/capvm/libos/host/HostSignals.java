package org.capvm.libos.host;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.capvm.libos.host.HostSystemCall.call;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Signal;

/**
 * Signals sent to the JVM process, taken from the JVM for good: any, SIGQUIT included, which the
 * JVM keeps from Java.
 *
 * <p>Their handler is a few instructions that write the signal's number to a pipe. It runs on
 * whichever thread of the JVM the kernel chooses, never on one inside a guest, where these signals
 * are blocked; it uses no thread-local storage and leaves errno alone.
 *
 * <p>Thread-safe, except that one thread at a time awaits signals.
 */
@SuppressWarnings("restricted")
public final class HostSignals {
  private static final int MMAP = 9;
  private static final int MPROTECT = 10;
  private static final int RT_SIGACTION = 13;

  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int PROT_EXEC = 4;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
  private static final int F_SETFL = 4;
  private static final int O_NONBLOCK = 0x800;

  private static final int PAGE_BYTES = 4096;
  private static final int SIGSET_BYTES = 8;

  // The kernel's struct sigaction
  private static final int ACTION_HANDLER = 0;
  private static final int ACTION_FLAGS = 8;
  private static final int ACTION_RESTORER = 16;
  private static final int ACTION_MASK = 24;
  private static final int ACTION_BYTES = 32;

  private final Arena arena = Arena.ofShared();
  private final MemorySegment read = arena.allocate(1);
  private final Map<Integer, Long> formerHandlers = new HashMap<>();
  private final int pipe;
  private final int target;

  /**
   * Takes signals, except those that the process was started to ignore: they stay ignored.
   *
   * @param signals their numbers
   * @throws IllegalStateException if the host refuses
   */
  public HostSignals(Iterable<Integer> signals) {
    MemorySegment ends = arena.allocate(JAVA_INT, 2);
    check("pipe2", Hostcalls.pipe(ends.address()));
    pipe = ends.getAtIndex(JAVA_INT, 0);
    target = ends.getAtIndex(JAVA_INT, 1);
    // A handler must not wait: of more signals than the pipe has room for, the rest is lost.
    check("fcntl", Hostcalls.fcntl(target, F_SETFL, O_NONBLOCK));

    byte[] handler = handler(target);
    byte[] restorer = restorer();
    long code =
        check(
            "mmap",
            call(MMAP, 0, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0));
    MemorySegment page = MemorySegment.ofAddress(code).reinterpret(PAGE_BYTES);
    page.asSlice(0, handler.length).copyFrom(MemorySegment.ofArray(handler));
    page.asSlice(handler.length, restorer.length).copyFrom(MemorySegment.ofArray(restorer));
    check("mprotect", call(MPROTECT, code, PAGE_BYTES, PROT_READ | PROT_EXEC));

    MemorySegment action = arena.allocate(ACTION_BYTES, 8);
    MemorySegment former = arena.allocate(ACTION_BYTES, 8);
    action.set(JAVA_LONG, ACTION_HANDLER, code);
    action.set(JAVA_LONG, ACTION_FLAGS, Signal.SA_RESTORER | Signal.SA_ONSTACK | Signal.SA_RESTART);
    action.set(JAVA_LONG, ACTION_RESTORER, code + handler.length);
    action.set(JAVA_LONG, ACTION_MASK, -1);
    for (int signal : signals) {
      check("rt_sigaction", call(RT_SIGACTION, signal, 0, former.address(), SIGSET_BYTES));
      long formerHandler = former.get(JAVA_LONG, ACTION_HANDLER);
      if (formerHandler != Signal.SIG_IGN) {
        formerHandlers.put(signal, formerHandler);
        check("rt_sigaction", call(RT_SIGACTION, signal, action.address(), 0, SIGSET_BYTES));
      }
    }
  }

  /** Whether a signal was taken, rather than left ignored. */
  public boolean hasTaken(int signal) {
    return formerHandlers.containsKey(signal);
  }

  /** Waits for a signal and returns its number; 0 after {@link #stopAwaiting}. */
  public int await() {
    long result;
    do {
      result = Hostcalls.read(pipe, read.address(), 1);
    } while (result == -Errno.EINTR);
    check("read", result);
    return read.get(JAVA_BYTE, 0);
  }

  /** Makes {@link #await} return without a signal. Any thread may call this. */
  public void stopAwaiting() {
    try (Arena own = Arena.ofConfined()) {
      Hostcalls.write(target, own.allocate(1).address(), 1);
    }
  }

  /**
   * Has the JVM do what it would have done on a signal that was taken; nothing if it had no handler
   * for it.
   */
  public void passToJvm(int signal) {
    long address = formerHandlers.getOrDefault(signal, Signal.SIG_DFL);
    if (address == Signal.SIG_DFL) {
      return;
    }
    MethodHandle handler =
        Linker.nativeLinker()
            .downcallHandle(
                MemorySegment.ofAddress(address),
                FunctionDescriptor.ofVoid(JAVA_INT, JAVA_LONG, JAVA_LONG));
    try {
      // It looks at the number alone: what interrupted code did is nothing to these signals.
      handler.invokeExact(signal, 0L, 0L);
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }

  /** The kernel calls it with the signal in edi; a pipe of the host takes its lowest byte. */
  private static byte[] handler(int target) {
    return ByteBuffer.allocate(23)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) 0x57) // push rdi
        .put((byte) 0xB8) // mov eax, write
        .putInt(1)
        .put((byte) 0xBF) // mov edi, target
        .putInt(target)
        .put(bytes(0x48, 0x89, 0xE6)) // mov rsi, rsp
        .put((byte) 0xBA) // mov edx, 1
        .putInt(1)
        .put(bytes(0x0F, 0x05)) // syscall
        .put((byte) 0x5F) // pop rdi
        .put((byte) 0xC3) // ret
        .array();
  }

  /** Where a handler returns to. Debuggers know a signal's frame by exactly these bytes. */
  private static byte[] restorer() {
    return bytes(0x48, 0xC7, 0xC0, 0x0F, 0, 0, 0, 0x0F, 0x05); // mov rax, rt_sigreturn; syscall
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static long check(String name, long result) {
    if (result < 0) {
      throw new IllegalStateException(name + ": errno " + -result);
    }
    return result;
  }
}
