package org.capvm.monitor.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Java's access to guest memory, mapped or not.
 *
 * <pre>
 *   0x1_0000  two pages, read and write
 *   0x1_2000  one page, read only
 *   0x1_3000  nothing
 * </pre>
 */
class GuestMemoryTest {
  private static final long WRITABLE = 0x1_0000;
  private static final long READ_ONLY = 0x1_2000;
  private static final long NOTHING = 0x1_3000;

  @RegisterExtension static final SlotFixture SLOTS = new SlotFixture();

  private final Slot slot = SLOTS.allocate();
  private final GuestMemory memory = slot.memory();

  GuestMemoryTest() {
    slot.mapAnonymous(WRITABLE, 0x2000, PROT_READ | PROT_WRITE);
    slot.mapAnonymous(READ_ONLY, 0x1000, PROT_READ);
  }

  @AfterEach
  void close() {
    slot.close();
  }

  @Test
  void valuesOfEverySizeAreReadBack() {
    memory.putByte(WRITABLE, (byte) -1);
    memory.putShort(WRITABLE + 8, (short) 0x8001);
    memory.putInt(WRITABLE + 16, 0x8000_0001);
    memory.putLong(WRITABLE + 24, 0x8000_0000_0000_0001L);
    assertThat(memory.getByte(WRITABLE)).isEqualTo((byte) -1);
    assertThat(memory.getShort(WRITABLE + 8)).isEqualTo((short) 0x8001);
    assertThat(memory.getInt(WRITABLE + 16)).isEqualTo(0x8000_0001);
    assertThat(memory.getLong(WRITABLE + 24)).isEqualTo(0x8000_0000_0000_0001L);
  }

  @Test
  void aLongThatLooksLikeAFaultIsStillRead() {
    memory.putLong(WRITABLE, FaultSafeAccess.FAULT_64);
    memory.putLong(WRITABLE + 8, -1);
    assertThat(memory.getLong(WRITABLE)).isEqualTo(FaultSafeAccess.FAULT_64);
    assertThat(memory.getLong(WRITABLE + 8)).isEqualTo(-1);
  }

  @Test
  void everyAccessToUnmappedMemoryIsAFault() {
    for (long address : new long[] {NOTHING, 0, 0xFFFF_FFF8L, NOTHING + 0x999}) {
      assertFault(address, () -> memory.getByte(address));
      assertFault(address, () -> memory.getShort(address));
      assertFault(address, () -> memory.getInt(address));
      assertFault(address, () -> memory.getLong(address));
      assertFault(address, () -> memory.putByte(address, (byte) 1));
      assertFault(address, () -> memory.putShort(address, (short) 1));
      assertFault(address, () -> memory.putInt(address, 1));
      assertFault(address, () -> memory.putLong(address, 1));
      assertFault(address, () -> memory.getAndAddInt(address, 1));
      assertFault(address, () -> memory.getAndSetInt(address, 1));
      assertFault(address, () -> memory.compareAndSetInt(address, 0, 1));
      assertFault(address, () -> memory.read(address, new byte[4], 0, 4));
      assertFault(address, () -> memory.write(address, new byte[4], 0, 4));
      assertFault(address, () -> memory.fill(address, 4, (byte) 0));
    }
  }

  @Test
  void writesToReadOnlyMemoryAreFaultsAndReadsAreNot() {
    assertThat(memory.getLong(READ_ONLY)).isZero();
    assertFault(READ_ONLY, () -> memory.putByte(READ_ONLY, (byte) 1));
    assertFault(READ_ONLY, () -> memory.compareAndSetInt(READ_ONLY, 0, 1));
    assertFault(READ_ONLY, () -> memory.getAndAddInt(READ_ONLY, 1));
    assertFault(READ_ONLY, () -> memory.write(READ_ONLY, new byte[9], 0, 9));
    assertThat(memory.getLong(READ_ONLY)).isZero();
  }

  @Test
  void addressesOutsideTheGuestAreFaultsWhateverTheLength() {
    for (long address :
        new long[] {
          -1, Long.MIN_VALUE, 1L << 32, (1L << 32) - 3, Long.MAX_VALUE, Long.MAX_VALUE - 3
        }) {
      assertFault(address, () -> memory.getInt(address));
      assertFault(address, () -> memory.putInt(address, 1));
      assertFault(address, () -> memory.write(address, new byte[4], 0, 4));
      assertFault(address, () -> memory.hostAddress(address, 4));
    }
    assertFault(5, () -> memory.hostAddress(5, -1));
    assertFault(5, () -> memory.hostAddress(5, Long.MAX_VALUE));
  }

  @Test
  void aCopyEndsExactlyWhereMemoryDoes() {
    byte[] bytes = new byte[0x1000];
    new Random(3).nextBytes(bytes);
    assertThatThrownBy(() -> memory.write(READ_ONLY - 100, bytes, 0, bytes.length))
        .isInstanceOfSatisfying(
            GuestMemoryFault.class, fault -> assertThat(fault.guestAddress()).isEqualTo(READ_ONLY));
    byte[] seen = new byte[100];
    memory.read(READ_ONLY - 100, seen, 0, 100);
    assertThat(bytes).startsWith(seen);
    MemorySegment target = MemorySegment.ofArray(new byte[5000]);
    assertThat(memory.readAvailable(NOTHING - 77, target)).isEqualTo(77);
    assertThat(memory.readAvailable(NOTHING, target)).isZero();
    assertThat(memory.readAvailable(-1, target)).isZero();
  }

  @Test
  void copiesWorkWithHeapAndNativeSegmentsAndBetweenGuests() {
    byte[] bytes = new byte[5000];
    new Random(4).nextBytes(bytes);
    memory.write(WRITABLE + 1, bytes, 0, 5000);
    try (Arena arena = Arena.ofConfined();
        Slot other = SLOTS.allocate()) {
      MemorySegment segment = arena.allocate(5000);
      memory.read(WRITABLE + 1, segment);
      assertThat(segment.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
      other.mapAnonymous(0x9000, 0x2000, PROT_READ | PROT_WRITE);
      GuestMemory.copy(memory, WRITABLE + 1, other.memory(), 0x9003, 5000);
      byte[] seen = new byte[5000];
      other.memory().read(0x9003, seen, 0, 5000);
      assertThat(seen).isEqualTo(bytes);
      other.memory().write(0x9000, segment);
      other.memory().read(0x9000, seen, 0, 5000);
      assertThat(seen).isEqualTo(bytes);
    }
  }

  @Test
  void storesAreMadeAgainForAsLongAsThatMayHelp() {
    int[] asked = {0};
    memory.onStoreFault(
        address -> {
          if (++asked[0] == 3) {
            slot.mapAnonymous(READ_ONLY, 0x1000, PROT_READ | PROT_WRITE);
          }
          return asked[0];
        });
    memory.write(READ_ONLY - 4, new byte[] {1, 2, 3, 4, 5, 6}, 0, 6);
    assertThat(memory.getShort(READ_ONLY)).isEqualTo((short) 0x0605);
    assertThat(asked[0]).isEqualTo(3);
    memory.onStoreFault(address -> 7);
    assertFault(NOTHING, () -> memory.putInt(NOTHING, 1));
    assertFault(NOTHING, () -> memory.getAndAddInt(NOTHING, 1));
  }

  @Test
  void atomicOperationsReturnTheFormerValue() {
    memory.putInt(WRITABLE, -5);
    assertThat(memory.getAndAddInt(WRITABLE, 3)).isEqualTo(-5);
    assertThat(memory.getAndSetInt(WRITABLE, 0x0F)).isEqualTo(-2);
    assertThat(memory.getInt(WRITABLE)).isEqualTo(0x0F);
    assertThat(memory.compareAndSetInt(WRITABLE, 1, 2)).isFalse();
    assertThat(memory.compareAndExchangeInt(WRITABLE, 0x0F, 2)).isEqualTo(0x0F);
    memory.putLong(WRITABLE, -1);
    assertThat(memory.getLong(WRITABLE)).isEqualTo(-1);
  }

  @Test
  void aStringMayEndRightBeforeMemoryDoes() {
    byte[] text = "capability".getBytes(StandardCharsets.US_ASCII);
    slot.protect(READ_ONLY, 0x1000, PROT_READ | PROT_WRITE);
    memory.write(NOTHING - 11, text, 0, text.length);
    assertThat(memory.readCString(NOTHING - 11, 4096)).isEqualTo(text);
    assertThat(memory.readCString(NOTHING - 1, 4096)).isEmpty();
    memory.putByte(NOTHING - 1, (byte) 'x');
    assertThatThrownBy(() -> memory.readCString(NOTHING - 11, 4096))
        .isInstanceOf(GuestMemoryFault.class);
    assertThat(memory.readCString(NOTHING - 11, 5)).isNull();
    memory.fill(WRITABLE, 0x2000, (byte) 'y');
    assertThat(memory.readCString(WRITABLE, 0x3000)).hasSize(0x2000);
  }

  @Test
  void movedPagesLeaveAHoleThatStaysReserved() {
    memory.putLong(WRITABLE, 42);
    slot.move(WRITABLE, 0x2000, 0x20_0000, 0x4000);
    assertThat(memory.getLong(0x20_0000)).isEqualTo(42);
    assertThat(memory.getLong(0x20_3000)).isZero();
    assertFault(WRITABLE, () -> memory.getLong(WRITABLE));
    slot.move(0x20_0000, 0x4000, 0x30_0000, 0x4000);
    assertThat(memory.getLong(0x30_0000)).isEqualTo(42);
    assertFault(0x20_0000, () -> memory.getLong(0x20_0000));
    slot.move(0x30_0000, 0x4000, 0x20_0000, 0x1000);
    assertThat(memory.getLong(0x20_0000)).isEqualTo(42);
    assertFault(0x20_1000, () -> memory.getLong(0x20_1000));
    slot.unmap(0x20_0000, 0x1000);
    assertFault(0x20_0000, () -> memory.getLong(0x20_0000));
  }

  @Test
  void mappingsOutsideTheSlotAreRefused() {
    for (long address : new long[] {-4096, 1L << 32, (1L << 32) - 4096}) {
      assertThatThrownBy(() -> slot.mapAnonymous(address, 8192, PROT_READ))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> slot.unmap(address, 8192))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> slot.protect(4096, -4096, PROT_READ))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> slot.unmap(1, 4096)).isInstanceOf(IllegalArgumentException.class);
  }

  private static void assertFault(long address, Runnable access) {
    assertThatThrownBy(access::run)
        .isInstanceOfSatisfying(
            GuestMemoryFault.class, fault -> assertThat(fault.guestAddress()).isEqualTo(address));
  }
}
