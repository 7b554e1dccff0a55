package org.capvm.monitor.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.machine.host.HostMemory.MFD_CLOEXEC;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.machine.layout.SlotLayout.BYTES_BELOW_BASE;
import static org.capvm.machine.layout.SlotLayout.GUEST_BYTES;
import static org.capvm.machine.layout.SlotLayout.branchEntryOffset;

import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class SlotTest {
  private static final long PAGE = 4096;
  private static final long DATA = 0x1_0000;
  private static final long CODE = 0x40_0000;

  @RegisterExtension static final SlotFixture SLOTS = new SlotFixture();

  @Test
  void aBranchTableThatIsClearedIsEmptyFromEndToEnd() {
    try (Slot slot = SLOTS.allocate()) {
      showEntry(slot, 4711);
      slot.mapBranchTable(0, GUEST_BYTES, -1, 0);
      assertThat(entry(slot, 0)).isZero();
      assertThat(entry(slot, CODE)).isZero();
      assertThat(entry(slot, GUEST_BYTES - 1)).isZero();
    }
  }

  @Test
  void aSlotThatIsUsedAgainShowsNothingOfItsFormerOwner() {
    Slot former = SLOTS.allocate();
    former.mapAnonymous(DATA, PAGE, PROT_READ | PROT_WRITE);
    former.memory().putLong(DATA, 42);
    showEntry(former, 4711);
    assertThat(entry(former, CODE)).isEqualTo(4711);
    former.close();
    try (Slot slot = SLOTS.allocate()) {
      assertThat(slot.hostBase()).isEqualTo(former.hostBase());
      slot.mapBranchTable(0, GUEST_BYTES, -1, 0);
      assertThat(entry(slot, CODE)).isZero();
      assertThatThrownBy(() -> slot.memory().getLong(DATA)).isInstanceOf(GuestMemoryFault.class);
      slot.mapAnonymous(DATA, PAGE, PROT_READ | PROT_WRITE);
      assertThat(slot.memory().getLong(DATA)).isZero();
    }
  }

  @Test
  void clearedEntriesAreEmptyAndTheOthersStay() {
    try (Slot slot = SLOTS.allocate()) {
      showEntry(slot, 4711);
      slot.mapBranchTable(CODE + PAGE, PAGE, -1, 0);
      assertThat(entry(slot, CODE)).isEqualTo(4711);
      slot.mapBranchTable(CODE, PAGE, -1, 0);
      assertThat(entry(slot, CODE)).isZero();
    }
  }

  /** Gives the pcs of one page at {@link #CODE} a table in which the first has an entry. */
  private static void showEntry(Slot slot, long hostAddress) {
    long bytes = PAGE * Long.BYTES;
    int table = HostMemory.memfdCreate("test-branches", MFD_CLOEXEC);
    HostMemory.ftruncate(table, bytes);
    long own = HostMemory.mmap(0, bytes, PROT_READ | PROT_WRITE, HostMemory.MAP_SHARED, table, 0);
    RawMemory.putLong(own + bytes - Long.BYTES, hostAddress);
    slot.mapBranchTable(CODE, PAGE, table, 0);
    HostMemory.munmap(own, bytes);
    HostMemory.close(table);
  }

  private static long entry(Slot slot, long guestPc) {
    return RawMemory.getLong(slot.hostBase() - BYTES_BELOW_BASE + branchEntryOffset(guestPc));
  }
}
