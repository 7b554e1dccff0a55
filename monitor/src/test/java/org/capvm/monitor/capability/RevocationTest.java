package org.capvm.monitor.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.monitor.capability.CapabilityRulesTest.assertRefused;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Revocation against uses that race with it, and tables of a million entries. */
@Timeout(60)
class RevocationTest {
  private final CapabilityTree tree = new CapabilityTree(null);
  private final CapabilityObject object = capability -> {};

  @Test
  void noUseIsInFlightWhenARevocationReturns() throws Exception {
    CapabilityTable table = tree.newTable(100);
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      for (int round = 0; round < 2000; round++) {
        Capability origin = tree.create(table, object, 0x1000, 64, Permissions.ALL);
        Capability used = tree.derive(origin, 8, 8, Permissions.READ);
        AtomicInteger inside = new AtomicInteger();
        CountDownLatch started = new CountDownLatch(2);
        List<Future<?>> users = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
          users.add(threads.submit(() -> useUntilRefused(used, inside, started)));
        }
        started.await();
        tree.revoke(round % 2 == 0 ? origin : used);
        int left = inside.get();
        tree.revoke(origin);
        for (Future<?> user : users) {
          user.get();
        }
        assertThat(left).isZero();
      }
    }
    tree.close(table);
  }

  private static void useUntilRefused(
      Capability capability, AtomicInteger inside, CountDownLatch started) {
    started.countDown();
    while (true) {
      try {
        capability.enter();
      } catch (CapabilityException refused) {
        return;
      }
      inside.incrementAndGet();
      Thread.onSpinWait();
      inside.decrementAndGet();
      capability.leave();
    }
  }

  @Test
  void whoeverRevokesSecondWaitsToo() throws Exception {
    CapabilityTable table = tree.newTable(100);
    Capability origin = tree.create(table, object, 0x1000, 64, Permissions.ALL);
    Capability used = tree.derive(origin, 0, 64, Permissions.READ);
    used.enter();
    Thread first = Thread.ofPlatform().start(() -> tree.revoke(origin));
    while (used.isValid()) {
      Thread.onSpinWait();
    }
    Thread second = Thread.ofPlatform().start(() -> tree.revoke(used));
    assertThat(second.join(java.time.Duration.ofMillis(50))).isFalse();
    assertThat(first.isAlive()).isTrue();
    used.leave();
    first.join(TimeUnit.SECONDS.toMillis(10));
    second.join(TimeUnit.SECONDS.toMillis(10));
    assertThat(first.isAlive() || second.isAlive()).isFalse();
    tree.close(table);
  }

  @Test
  void aMillionCapabilitiesFitAndAreAllRevokedWithTheirOrigin() {
    int count = 1_100_000;
    CapabilityTable table = tree.newTable(2_000_000);
    Capability origin = tree.create(table, object, 0x1000, 64, Permissions.ALL);
    Capability last = origin;
    // A deep tree: each is derived from the one before.
    for (int i = 0; i < count; i++) {
      last = tree.derive(last, 0, 64, Permissions.ALL);
    }
    assertThat(table.find(last.handle())).isSameAs(last);
    tree.revoke(origin);
    long handle = last.handle();
    assertRefused(() -> table.find(handle), Reason.NOT_VALID);
    assertThat(table.live()).isZero();
    tree.close(table);
  }

  @Test
  void anObjectHearsOfEachOfItsCapabilitiesOnce() {
    List<Capability> heard = new ArrayList<>();
    CapabilityTable table = tree.newTable(100);
    Capability origin = tree.create(table, heard::add, 0x1000, 64, Permissions.ALL);
    Capability derived = tree.derive(origin, 0, 1, 0);
    Capability below = tree.derive(derived, 0, 1, 0);
    tree.revoke(derived);
    tree.revoke(derived);
    assertThat(heard).containsExactlyInAnyOrder(derived, below);
    tree.close(table);
    assertThat(heard).containsExactlyInAnyOrder(derived, below, origin);
  }
}
