package org.capvm.libos.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.abi.Mman.MAP_FIXED;
import static org.capvm.libos.abi.Mman.MAP_SHARED;
import static org.capvm.libos.abi.Mman.PROT_READ;
import static org.capvm.libos.abi.Mman.PROT_WRITE;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.file.content.DescriptorBudget;
import org.capvm.monitor.memory.GuestMemoryFault;
import org.capvm.monitor.memory.MappingBudget;
import org.capvm.monitor.memory.Slot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class SpareSlotsTest {
  private static final int READ_WRITE = PROT_READ | PROT_WRITE;
  private static final long PAGE = AddressLayout.PAGE;
  private static final long BASE = 0x9000_0000L;

  @RegisterExtension static final MemoryFixture MEMORY = new MemoryFixture();

  private final AddressSpace parent = MEMORY.space(MEMORY.limit(MemoryLimit.UNLIMITED));

  SpareSlotsTest() {
    map(BASE, 4 * PAGE);
    parent.memory().putLong(BASE, 1);
  }

  @AfterEach
  void release() {
    parent.release();
  }

  private void map(long address, long bytes) {
    parent.map(address, bytes, READ_WRITE, MAP_FIXED, null, 0, null);
  }

  private static long mapSharedMemory(AddressSpace space) {
    SharedMemory file = SharedMemory.create(MEMORY.limit(PAGE), new DescriptorBudget(1), PAGE);
    long address = space.map(0, PAGE, READ_WRITE, MAP_SHARED, file, 0, null);
    file.release();
    return address;
  }

  private static int slotsInUse() {
    return MEMORY.intravisor().statistics().slots();
  }

  private Slot slotOfAChildThatEnds() {
    AddressSpace child = parent.fork();
    child.release();
    return child.slot();
  }

  @Test
  void theNextChildHasTheSlotOfTheOneThatEnded() {
    Slot slot = slotOfAChildThatEnds();
    AddressSpace next = parent.fork();
    assertThat(next.slot()).isSameAs(slot);
    assertThat(next.memory().getLong(BASE)).isEqualTo(1);
    next.release();
  }

  @Test
  void childrenAtTheSameTimeHaveSlotsOfTheirOwn() {
    slotOfAChildThatEnds();
    AddressSpace one = parent.fork();
    AddressSpace other = parent.fork();
    assertThat(one.slot()).isNotSameAs(other.slot());
    one.release();
    other.release();
  }

  @Test
  void whatAChildWroteIsNotThereForTheNext() {
    AddressSpace child = parent.fork();
    child.memory().putLong(BASE, 2);
    child.memory().putLong(BASE + PAGE, 3);
    child.map(BASE + 8 * PAGE, PAGE, READ_WRITE, MAP_FIXED, null, 0, null);
    child.memory().putLong(BASE + 8 * PAGE, 4);
    child.release();
    AddressSpace next = parent.fork();
    assertThat(next.memory().getLong(BASE)).isEqualTo(1);
    assertThat(next.memory().getLong(BASE + PAGE)).isZero();
    assertThatThrownBy(() -> next.memory().getLong(BASE + 8 * PAGE))
        .isInstanceOf(GuestMemoryFault.class);
    next.release();
  }

  @Test
  void whatAChildUnmappedOrProtectedIsThereForTheNext() {
    AddressSpace child = parent.fork();
    child.unmap(BASE, PAGE);
    child.protect(BASE + PAGE, PAGE, 0);
    child.release();
    AddressSpace next = parent.fork();
    assertThat(next.memory().getLong(BASE)).isEqualTo(1);
    next.memory().putLong(BASE + PAGE, 5);
    assertThat(next.memory().getLong(BASE + PAGE)).isEqualTo(5);
    next.release();
  }

  @Test
  void theNextChildHasWhatTheParentHasByThen() {
    slotOfAChildThatEnds();
    parent.memory().putLong(BASE, 6);
    parent.unmap(BASE + PAGE, PAGE);
    parent.protect(BASE + 2 * PAGE, PAGE, PROT_READ);
    map(BASE + 3 * PAGE, 2 * PAGE);
    parent.memory().putLong(BASE + 4 * PAGE, 7);
    AddressSpace next = parent.fork();
    assertThat(next.areas()).isEqualTo(parent.areas());
    assertThat(next.memory().getLong(BASE)).isEqualTo(6);
    assertThatThrownBy(() -> next.memory().getLong(BASE + PAGE))
        .isInstanceOf(GuestMemoryFault.class);
    assertThatThrownBy(() -> next.memory().putLong(BASE + 2 * PAGE, 8))
        .isInstanceOf(GuestMemoryFault.class);
    assertThat(next.memory().getLong(BASE + 3 * PAGE)).isZero();
    assertThat(next.memory().getLong(BASE + 4 * PAGE)).isEqualTo(7);
    next.release();
  }

  @Test
  void aChildThatRanAnotherProgramLeavesNoSlot() {
    AddressSpace child = parent.fork();
    child.clear();
    child.release();
    AddressSpace next = parent.fork();
    assertThat(next.slot()).isNotSameAs(child.slot());
    next.release();
  }

  @Test
  void aSlotHoldsNoFileThatTheParentUnmaps() {
    long address = mapSharedMemory(parent);
    Slot slot = slotOfAChildThatEnds();
    parent.unmap(address, PAGE);
    AddressSpace next = parent.fork();
    assertThat(next.slot()).isNotSameAs(slot);
    next.release();
  }

  @Test
  void aSlotHoldsNoFileThatTheParentUnmappedWhileItsChildLived() {
    int before = slotsInUse();
    long address = mapSharedMemory(parent);
    AddressSpace child = parent.fork();
    parent.unmap(address, PAGE);
    child.release();
    assertThat(slotsInUse()).isEqualTo(before);
    AddressSpace next = parent.fork();
    assertThat(next.slot()).isNotSameAs(child.slot());
    next.release();
  }

  @Test
  void aChildThatOutlivesItsParentLeavesNoSlot() {
    int before = slotsInUse();
    AddressSpace begetter = MEMORY.space(MEMORY.limit(MemoryLimit.UNLIMITED));
    begetter.map(BASE, PAGE, READ_WRITE, MAP_FIXED, null, 0, null);
    AddressSpace child = begetter.fork();
    begetter.release();
    child.release();
    assertThat(slotsInUse()).isEqualTo(before);
  }

  @Test
  void aSlotHoldsNoFileThatOnlyTheChildMapped() {
    AddressSpace child = parent.fork();
    mapSharedMemory(child);
    child.release();
    AddressSpace next = parent.fork();
    assertThat(next.slot()).isNotSameAs(child.slot());
    next.release();
  }

  @Test
  void aSlotIsForChildrenOfTheSameParentAlone() {
    AddressSpace other = parent.fork();
    Slot slot = slotOfAChildThatEnds();
    AddressSpace grandchild = other.fork();
    assertThat(grandchild.slot()).isNotSameAs(slot);
    grandchild.release();
    other.release();
  }

  @Test
  void sparesGoWhenThereIsNoRoomForSomethingElse() {
    assertThat(areasUpToTheLimit(8)).isEqualTo(areasUpToTheLimit(0)).isGreaterThan(100);
  }

  private static int areasUpToTheLimit(int childrenBefore) {
    MappingBudget budget = new MappingBudget();
    budget.charge(budget.limit() - 400);
    AddressSpace space = MEMORY.space(new MemoryLimit(MemoryLimit.UNLIMITED, budget));
    for (int i = 0; i < 16; i++) {
      space.map(BASE + i * 2 * PAGE, PAGE, READ_WRITE, MAP_FIXED, null, 0, null);
    }
    List<AddressSpace> children = new ArrayList<>();
    for (int i = 0; i < childrenBefore; i++) {
      children.add(space.fork());
      if (i % 4 == 3) {
        children.forEach(AddressSpace::release);
        children.clear();
      }
    }
    int areas = 0;
    try {
      while (true) {
        space.map(BASE + (100 + areas * 2) * PAGE, PAGE, READ_WRITE, MAP_FIXED, null, 0, null);
        areas++;
      }
    } catch (ErrnoException refused) {
      space.release();
      return areas;
    }
  }
}
