package org.capvm.monitor.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.monitor.capability.Permissions.ALL;
import static org.capvm.monitor.capability.Permissions.DELEGATE;
import static org.capvm.monitor.capability.Permissions.NOTIFY;
import static org.capvm.monitor.capability.Permissions.READ;
import static org.capvm.monitor.capability.Permissions.WRITE;
import static org.capvm.monitor.channel.TwoCvms.DATA;
import static org.capvm.monitor.channel.TwoCvms.DATA_BYTES;
import static org.capvm.monitor.channel.TwoCvms.assertRefused;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;
import org.capvm.monitor.memory.Slot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** CP_File between two cVMs: what it carries, and what it refuses. */
@Timeout(60)
class CpFileTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final TwoCvms cvms = new TwoCvms();
  private final GuestMemory owners = cvms.ownerSlot.memory();
  private final GuestMemory users = cvms.userSlot.memory();

  @AfterEach
  void close() {
    cvms.close();
  }

  @Test
  void everyOffsetAndLengthIsCopiedToTheByte() {
    byte[] content = new byte[(int) DATA_BYTES];
    new Random(1).nextBytes(content);
    owners.write(DATA, content, 0, content.length);
    CpFile file = cvms.shared("odd", 3, 3 << 20, READ | WRITE);
    Random random = new Random(2);
    for (int i = 0; i < 300; i++) {
      int length = random.nextInt(i % 20 == 0 ? 2 << 20 : 300);
      int offset = random.nextInt((3 << 20) - length + 1);
      users.fill(DATA, length + 2, (byte) 0x55);
      file.read(offset, users, DATA + 1, length);
      byte[] seen = new byte[length + 2];
      users.read(DATA, seen, 0, seen.length);
      assertThat(seen[0]).isEqualTo((byte) 0x55);
      assertThat(seen[length + 1]).isEqualTo((byte) 0x55);
      assertThat(
              java.util.Arrays.equals(
                  seen, 1, length + 1, content, 3 + offset, 3 + offset + length))
          .isTrue();
      file.write(offset, users, DATA, length);
      System.arraycopy(seen, 0, content, 3 + offset, length);
    }
    byte[] after = new byte[content.length];
    owners.read(DATA, after, 0, after.length);
    assertThat(after).isEqualTo(content);
  }

  @Test
  void nothingOutsideTheRangeCanBeReachedWithAnyOffsetAndLength() {
    int size = 37;
    CpFile file = cvms.shared("thirtyseven", 100, size, READ | WRITE | NOTIFY);
    owners.fill(DATA, 4096, (byte) 7);
    long[] extents = {
      0,
      1,
      36,
      37,
      38,
      4096,
      1L << 31,
      (1L << 31) + 1,
      1L << 32,
      (1L << 32) - 1,
      1L << 63,
      -1,
      -37,
      -38,
      Long.MAX_VALUE,
      Long.MIN_VALUE + 37
    };
    for (long offset : extents) {
      for (long length : extents) {
        boolean inside = offset >= 0 && length >= 0 && offset <= size && length <= size - offset;
        if (inside) {
          file.read(offset, users, DATA, length);
        } else {
          assertThatThrownBy(() -> file.read(offset, users, DATA, length))
              .isInstanceOfAny(CapabilityException.class, GuestMemoryFault.class);
          assertThatThrownBy(() -> file.write(offset, users, DATA, length))
              .isInstanceOfAny(CapabilityException.class, GuestMemoryFault.class);
          assertRefused(() -> file.restrict(offset, length, READ), Reason.OUT_OF_RANGE);
        }
      }
      if (offset < 0 || offset > size - 4) {
        assertRefused(() -> file.beginWait(offset, 7, () -> {}), Reason.OUT_OF_RANGE);
        assertRefused(() -> file.notifyWaiters(offset, 1), Reason.OUT_OF_RANGE);
      }
    }
    byte[] around = new byte[4096];
    owners.read(DATA, around, 0, 4096);
    assertThat(around).containsOnly(7);
  }

  @Test
  void permissionsAreNarrowedAndNeverWidened() {
    CpFile reader = cvms.shared("r", 0, 64, READ);
    assertRefused(() -> reader.write(0, users, DATA, 1), Reason.NOT_PERMITTED);
    assertRefused(() -> reader.notifyWaiters(0, 1), Reason.NOT_PERMITTED);
    assertRefused(() -> reader.restrict(0, 64, READ | WRITE), Reason.NOT_PERMITTED);
    assertRefused(() -> reader.grant("owner", READ), Reason.NOT_PERMITTED);
    CpFile writer = cvms.shared("w", 0, 64, WRITE);
    assertRefused(() -> writer.read(0, users, DATA, 1), Reason.NOT_PERMITTED);
    assertRefused(() -> writer.beginWait(0, 0, () -> {}), Reason.NOT_PERMITTED);
    CpFile narrow = reader.restrict(8, 8, READ);
    assertRefused(() -> narrow.read(8, users, DATA, 1), Reason.OUT_OF_RANGE);
    assertThat(narrow.lengthBytes()).isEqualTo(8);
  }

  @Test
  void aNameIsOpenedOnlyByThoseItWasGrantedTo() {
    String longName = "a name of more than nine characters: ".repeat(20);
    CpFile own = cvms.owner.create(longName, cvms.ownerSlot, DATA, 8, ALL);
    assertRefused(() -> cvms.user.open("owner/" + longName), Reason.UNKNOWN_NAME);
    assertRefused(() -> cvms.user.open("owner/nothing"), Reason.UNKNOWN_NAME);
    assertRefused(() -> cvms.user.open(longName), Reason.UNKNOWN_NAME);
    own.grant("user", READ | DELEGATE);
    try (Compartment third = cvms.channels.newCompartment("third", 10)) {
      CpFile users = (CpFile) cvms.user.open("owner/" + longName);
      assertRefused(() -> third.open("owner/" + longName), Reason.UNKNOWN_NAME);
      users.restrict(0, 4, READ | DELEGATE).grant("third", READ);
      CpFile thirds = (CpFile) third.open("owner/" + longName);
      assertThat(thirds.lengthBytes()).isEqualTo(4);
      assertThat(thirds.permissions()).isEqualTo(READ);
      // Ends with the one it came through.
      users.close();
      assertThat(thirds.isValid()).isFalse();
    }
    assertRefused(
        () -> cvms.owner.create(longName, cvms.ownerSlot, DATA, 8, ALL), Reason.NAME_TAKEN);
    assertRefused(
        () -> cvms.user.create("owner/x", cvms.userSlot, DATA, 8, ALL), Reason.UNKNOWN_NAME);
    own.close();
    assertRefused(() -> cvms.user.open("owner/" + longName), Reason.UNKNOWN_NAME);
    cvms.owner.create(longName, cvms.ownerSlot, DATA, 8, ALL);
  }

  @Test
  void memoryThatIsNotThereIsAnErrorOfTheOneWhoAsked() {
    CpFile beyond = cvms.shared("beyond", DATA_BYTES - 16, 1 << 20, READ | WRITE);
    beyond.read(0, users, DATA, 16);
    assertRefused(() -> beyond.read(0, users, DATA, 17), Reason.BAD_MEMORY);
    assertRefused(() -> beyond.write(8, users, DATA, 16), Reason.BAD_MEMORY);
    CpFile here = cvms.shared("here", 0, 4096, READ | WRITE);
    assertRefused(() -> here.read(0, users, DATA + DATA_BYTES - 8, 16), Reason.BAD_MEMORY);
    assertThatThrownBy(() -> here.read(0, users, (1L << 32) - 8, 16))
        .isInstanceOf(GuestMemoryFault.class);
    assertRefused(
        () -> cvms.owner.create("far", cvms.ownerSlot, 1L << 32, 1, ALL), Reason.OUT_OF_RANGE);
    assertRefused(() -> cvms.owner.create("wrap", cvms.ownerSlot, 8, -1, ALL), Reason.OUT_OF_RANGE);
  }

  @Test
  void copiesGoOnWhenMemoryMayBeStoredToAgain() {
    CpFile file = cvms.shared("forking", 0, 0x3000, READ | WRITE);
    owners.fill(DATA, 0x3000, (byte) 7);
    users.fill(DATA, 0x3000, (byte) 8);
    answerStoresByUnprotecting(cvms.userSlot, DATA + 0x1000);
    file.read(1, users, DATA, 0x2000);
    assertThat(users.getByte(DATA + 0x1fff)).isEqualTo((byte) 7);
    answerStoresByUnprotecting(cvms.ownerSlot, DATA + 0x1000);
    file.write(0, users, DATA + 0x1000, 0x2000);
    assertThat(owners.getByte(DATA + 0x1fff)).isEqualTo((byte) 8);

    cvms.ownerSlot.protect(DATA, 0x1000, PROT_READ);
    owners.onStoreFault(address -> 1);
    assertRefused(() -> file.write(0, users, DATA, 1), Reason.BAD_MEMORY);
  }

  private static void answerStoresByUnprotecting(Slot slot, long page) {
    slot.protect(page, 0x1000, PROT_READ);
    slot.memory()
        .onStoreFault(
            address -> {
              slot.protect(page, 0x1000, PROT_READ | PROT_WRITE);
              return 1;
            });
  }

  @Test
  void aWaiterSleepsUntilNotified() throws Exception {
    CpFile file = cvms.shared("word", 0, 64, READ | NOTIFY);
    owners.putInt(DATA + 8, 1);
    assertRefused(() -> file.await(8, 2, LONG), Reason.VALUE_CHANGED);
    assertRefused(() -> file.await(8, 1, Duration.ofMillis(20)), Reason.TIMED_OUT);
    assertRefused(() -> file.await(9, 1, LONG), Reason.OUT_OF_RANGE);
    assertThat(file.notifyWaiters(8, 1)).isZero();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread waiter = waiting(file, 8, 1, failure);
    owners.putInt(DATA + 8, 5);
    assertThat(file.notifyWaiters(12, 9)).isZero();
    while (file.notifyWaiters(8, 9) == 0 && waiter.isAlive()) {
      Thread.onSpinWait();
    }
    waiter.join();
    assertThat(failure.get()).isNull();
  }

  @Test
  void aWaiterWakesWithAnErrorWhenTheOwnerDies() throws Exception {
    CpFile file = cvms.shared("doomed", 0, 64, READ);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread waiter = waiting(file, 0, 0, failure);
    cvms.ownerSlot.close();
    waiter.join();
    assertThat(failure.get())
        .isInstanceOfSatisfying(
            CapabilityException.class, e -> assertThat(e.reason()).isEqualTo(Reason.OWNER_GONE));
    assertRefused(() -> file.read(0, users, DATA, 1), Reason.NOT_VALID);
    assertRefused(() -> cvms.user.open("owner/doomed"), Reason.UNKNOWN_NAME);
  }

  @Test
  void aWaiterWakesWithAnErrorWhenItsCapabilityIsRevoked() throws Exception {
    CpFile own = cvms.owner.create("revoked", cvms.ownerSlot, DATA, 64, ALL);
    own.grant("user", READ);
    CpFile file = (CpFile) cvms.user.open("owner/revoked");
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread waiter = waiting(file, 0, 0, failure);
    own.revoke();
    waiter.join();
    assertThat(failure.get())
        .isInstanceOfSatisfying(
            CapabilityException.class, e -> assertThat(e.reason()).isEqualTo(Reason.NOT_VALID));
    assertThat(own.isValid()).isTrue();
    assertThat(own.notifyWaiters(0, 1)).isZero();
  }

  private static Thread waiting(
      CpFile file, long offset, int expected, AtomicReference<Throwable> failure)
      throws InterruptedException {
    Thread thread =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    file.await(offset, expected, LONG);
                  } catch (CapabilityException | InterruptedException e) {
                    failure.set(e);
                  }
                });
    while (thread.getState() != Thread.State.TIMED_WAITING && thread.isAlive()) {
      Thread.sleep(1);
    }
    return thread;
  }

  @Test
  void noByteMovesAfterARevocationReturns() throws Exception {
    for (int round = 0; round < 50; round++) {
      CpFile own = cvms.owner.create("race" + round, cvms.ownerSlot, DATA, 1 << 20, ALL);
      own.grant("user", WRITE);
      CpFile file = (CpFile) cvms.user.open("owner/race" + round);
      CountDownLatch started = new CountDownLatch(1);
      byte value = (byte) (round + 1);
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    byte[] bytes = new byte[1 << 20];
                    java.util.Arrays.fill(bytes, value);
                    try {
                      while (true) {
                        file.write(0, MemorySegment.ofArray(bytes));
                        started.countDown();
                      }
                    } catch (CapabilityException revoked) {
                      started.countDown();
                    }
                  });
      started.await();
      own.revoke();
      owners.fill(DATA, 1 << 20, (byte) 0);
      writer.join();
      byte[] seen = new byte[1 << 20];
      owners.read(DATA, seen, 0, seen.length);
      assertThat(seen).containsOnly(0);
      own.close();
    }
  }

  @Test
  void memoryOfNobodyEndsWithItsFile() {
    CpFile own = cvms.owner.allocate("pages", 10_000, ALL);
    own.grant("*", READ | WRITE);
    CpFile file = (CpFile) cvms.user.open("owner/pages");
    byte[] bytes = new byte[10_000];
    new Random(3).nextBytes(bytes);
    file.write(0, MemorySegment.ofArray(bytes));
    byte[] seen = new byte[10_000];
    own.read(0, MemorySegment.ofArray(seen));
    assertThat(seen).isEqualTo(bytes);
    own.close();
    assertRefused(() -> file.read(0, MemorySegment.ofArray(seen)), Reason.NOT_VALID);
    assertRefused(() -> cvms.user.file(file.handle()), Reason.NOT_VALID);
  }

  @Test
  void oneCvmCannotUseUpTheCapabilitiesOfAnother() {
    try (Compartment greedy = cvms.channels.newCompartment("greedy", 5)) {
      CpFile own = greedy.create("mine", cvms.userSlot, DATA, 8, ALL);
      for (int i = 0; i < 4; i++) {
        own.grant("owner", READ);
      }
      assertRefused(() -> own.grant("owner", READ), Reason.QUOTA_EXCEEDED);
      assertRefused(
          () -> greedy.create("more", cvms.userSlot, DATA, 8, ALL), Reason.QUOTA_EXCEEDED);
      assertRefused(() -> greedy.allocate("more", 8, ALL), Reason.QUOTA_EXCEEDED);
      // Until it opens something, the one that was granted something holds nothing.
      for (int i = 0; i < 1000; i++) {
        cvms.owner.open("greedy/mine");
      }
      assertRefused(() -> cvms.owner.open("greedy/mine"), Reason.QUOTA_EXCEEDED);
    }
    assertThat(cvms.owner.create("again", cvms.ownerSlot, DATA, 8, ALL).isValid()).isTrue();
  }
}
