package org.capvm.machine.host;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Every thread has a block of its own at one distance from its FS base. */
@SuppressWarnings("restricted")
class ThreadLocalBlockTest {
  /** The C library's name for a thread is its FS base. */
  private static final MethodHandle PTHREAD_SELF =
      NativeCall.of("pthread_self", FunctionDescriptor.of(JAVA_LONG));

  private static final int THREADS = 20;
  private static final int WORDS = ThreadLocalBlock.BYTES / Long.BYTES;

  @Test
  void eachThreadFindsItsBlockZeroedAndAloneUsesIt() throws Exception {
    CountDownLatch allHaveWritten = new CountDownLatch(THREADS);
    try (var threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<Boolean>> kept =
          IntStream.range(0, THREADS)
              .mapToObj(number -> threads.submit(() -> keepsItsOwn(number + 1, allHaveWritten)))
              .toList();
      for (Future<Boolean> each : kept) {
        assertThat(each.get()).isTrue();
      }
    }
  }

  @Test
  void theBlockStaysWhereItIs() {
    assertThat(ThreadLocalBlock.distance()).isEqualTo(ThreadLocalBlock.distance()).isNegative();
    assertThat(ThreadLocalBlock.distance() % 64).isZero();
  }

  private static boolean keepsItsOwn(long number, CountDownLatch allHaveWritten)
      throws InterruptedException {
    MemorySegment block = block();
    for (int word = 0; word < WORDS; word++) {
      assertThat(block.getAtIndex(JAVA_LONG, word)).isZero();
      block.setAtIndex(JAVA_LONG, word, number);
    }
    allHaveWritten.countDown();
    allHaveWritten.await();
    boolean kept = true;
    for (int word = 0; word < WORDS; word++) {
      kept &= block.getAtIndex(JAVA_LONG, word) == number;
      block.setAtIndex(JAVA_LONG, word, 0);
    }
    return kept;
  }

  private static MemorySegment block() {
    long fsBase;
    try {
      fsBase = (long) PTHREAD_SELF.invokeExact();
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
    return MemorySegment.ofAddress(fsBase + ThreadLocalBlock.distance())
        .reinterpret(ThreadLocalBlock.BYTES);
  }
}
