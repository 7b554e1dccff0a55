package org.capvm.libos.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class AllocationTest {
  private static final int BYTES = 1 << 20;

  private final Allocation allocation = new Allocation();
  private volatile byte[] last;

  private void allocate() {
    last = new byte[BYTES];
  }

  @Test
  void whatThreadsAllocateIsCountedWhileTheyRun() throws InterruptedException {
    CountDownLatch allocated = new CountDownLatch(3);
    CountDownLatch looked = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () ->
                      allocation.follow(
                          () -> {
                            allocate();
                            allocated.countDown();
                            await(looked);
                          })));
    }
    allocated.await();
    assertThat(allocation.bytes()).isBetween(3L * BYTES, 4L * BYTES);
    looked.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
  }

  @Test
  void whatWasSeenOfAThreadCountsOnceAndAfterItsEnd() {
    allocation.follow(
        () -> {
          allocate();
          long seen = allocation.bytes();
          allocate();
          assertThat(allocation.bytes() - seen).isBetween((long) BYTES, 2L * BYTES);
        });
    long afterwards = allocation.bytes();
    assertThat(afterwards).isGreaterThanOrEqualTo(2L * BYTES);
    allocate();
    assertThat(allocation.bytes()).isEqualTo(afterwards);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
