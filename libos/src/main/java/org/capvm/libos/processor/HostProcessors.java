package org.capvm.libos.processor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;

/**
 * The processors that the host gave to this JVM, at its start.
 *
 * <p>{@link Runtime#availableProcessors} asks for those of the calling thread, which are fewer on a
 * thread that was confined; it counts here at the start alone, for the limit of a control group.
 */
public final class HostProcessors {
  private static final int MASK_BYTES_MAX = 1024;

  /** What a thread has that nobody confined. */
  private static final byte[] START_MASK = startMask();

  /** The host's numbers of the processors 0, 1, 2 and so on. */
  private static final int[] NUMBERS =
      BitSet.valueOf(START_MASK).stream()
          .limit(Runtime.getRuntime().availableProcessors())
          .toArray();

  private static final ProcessorSet ALL = ProcessorSet.below(NUMBERS.length);

  private HostProcessors() {}

  /** Of the process's first thread, which runs no task. */
  private static byte[] startMask() {
    MemorySegment scratch = HostScratch.get();
    int first = Math.toIntExact(ProcessHandle.current().pid());
    long bytes = Hostcalls.schedGetaffinity(first, scratch.address(), MASK_BYTES_MAX);
    return scratch.asSlice(0, ErrnoException.check(bytes)).toArray(ValueLayout.JAVA_BYTE);
  }

  /** All of them. */
  public static ProcessorSet all() {
    return ALL;
  }

  /** How many there are, at least one. */
  public static int count() {
    return NUMBERS.length;
  }

  /** How many bytes an affinity mask of the host's kernel has. */
  public static int maskBytes() {
    return START_MASK.length;
  }

  /** The number of a processor by its number at the host; 0 for one the JVM was not given. */
  static int numberOf(int hostNumber) {
    return Math.max(0, Arrays.binarySearch(NUMBERS, hostNumber));
  }

  /** Whether processors have the same numbers here and at the host. */
  static boolean haveNumbersOfHost() {
    return NUMBERS[NUMBERS.length - 1] == NUMBERS.length - 1;
  }

  /**
   * Lets a thread of this JVM run on some processors alone.
   *
   * @param hostThreadId a thread that has not ended; 0: the calling one
   * @return 0, or -errno
   */
  static long confine(int hostThreadId, ProcessorSet processors) {
    byte[] mask = processors.equals(ALL) ? START_MASK : hostMask(processors);
    MemorySegment scratch = HostScratch.get();
    MemorySegment.copy(mask, 0, scratch, ValueLayout.JAVA_BYTE, 0, mask.length);
    return Hostcalls.schedSetaffinity(hostThreadId, scratch.address(), mask.length);
  }

  private static byte[] hostMask(ProcessorSet processors) {
    BitSet host = new BitSet();
    for (int number : processors.toArray()) {
      host.set(NUMBERS[number]);
    }
    return Arrays.copyOf(host.toByteArray(), START_MASK.length);
  }

  /**
   * What a thread runs that serves others than the task that made it: a new thread has its maker's
   * processors, and is to have all.
   */
  public static Runnable onAll(Runnable body) {
    return () -> {
      confine(0, ALL);
      body.run();
    };
  }
}
