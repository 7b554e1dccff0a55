package org.capvm.libos.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.abi.Mman.MADV_DONTNEED;
import static org.capvm.libos.abi.Mman.MAP_FIXED;
import static org.capvm.libos.abi.Mman.PROT_READ;
import static org.capvm.libos.abi.Mman.PROT_WRITE;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.capvm.libos.ErrnoException;
import org.capvm.monitor.memory.GuestMemoryFault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class SpareMemoryTest {
  private static final int READ_WRITE = PROT_READ | PROT_WRITE;
  private static final long PAGE = AddressLayout.PAGE;
  private static final long BASE = 0x9000_0000L;
  private static final long LIMIT = 4 * SpareMemory.MOST_BYTES;

  @RegisterExtension static final MemoryFixture MEMORY = new MemoryFixture();

  private final MemoryLimit limit = MEMORY.limit(LIMIT);
  private final AddressSpace space = MEMORY.space(limit);

  @AfterEach
  void release() {
    space.release();
    assertThat(limit.usedBytes()).isZero();
  }

  private void map(long address, long bytes) {
    space.map(address, bytes, READ_WRITE, MAP_FIXED, null, 0, null);
  }

  private void write(long address, long bytes) {
    space.memory().fill(address, bytes, (byte) 7);
  }

  @Test
  void whatIsMappedAgainHasItsPagesAndReadsAsZeros() {
    map(BASE, 8 * PAGE);
    write(BASE, 4 * PAGE);
    space.unmap(BASE, 8 * PAGE);
    map(BASE + PAGE, 6 * PAGE);
    assertThat(space.residency(BASE + PAGE, 6 * PAGE)).containsExactly(1, 1, 1, 0, 0, 0);
    for (long address = BASE + PAGE; address < BASE + 7 * PAGE; address += 8) {
      assertThat(space.memory().getLong(address)).isZero();
    }
  }

  @Test
  void whatIsSpareIsOutOfTheGuestsReach() {
    map(BASE, 2 * PAGE);
    write(BASE, 2 * PAGE);
    space.unmap(BASE, 2 * PAGE);
    assertThatThrownBy(() -> space.memory().getByte(BASE)).isInstanceOf(GuestMemoryFault.class);
    assertThatThrownBy(() -> write(BASE + PAGE, 1)).isInstanceOf(GuestMemoryFault.class);
    assertThat(space.areas()).isEmpty();
  }

  @Test
  void moreThanTheMostIsNotKept() {
    map(BASE, 2 * SpareMemory.MOST_BYTES);
    space.unmap(BASE, SpareMemory.MOST_BYTES);
    assertThat(limit.usedBytes()).isEqualTo(2 * SpareMemory.MOST_BYTES);
    space.unmap(BASE + SpareMemory.MOST_BYTES, SpareMemory.MOST_BYTES);
    assertThat(limit.usedBytes()).isEqualTo(SpareMemory.MOST_BYTES);
    space.clear();
    assertThat(limit.usedBytes()).isZero();
  }

  @Test
  void itGoesWhenTheLimitHasNoRoomForSomethingElse() {
    map(BASE, SpareMemory.MOST_BYTES);
    space.unmap(BASE, SpareMemory.MOST_BYTES);
    map(BASE - LIMIT, LIMIT);
    assertThat(limit.usedBytes()).isEqualTo(LIMIT);
  }

  @Test
  void itDoesNotKeepAMappingFromGrowingWhereItIs() {
    map(BASE, 4 * PAGE);
    space.unmap(BASE + PAGE, 3 * PAGE);
    long moved = space.remap(BASE, PAGE, 4 * PAGE, true, BASE + 16 * PAGE);
    write(moved, 4 * PAGE);
    assertThat(space.memory().getByte(moved + 3 * PAGE)).isEqualTo((byte) 7);
    assertThat(space.areas()).hasSize(1);
  }

  /** Every page has one byte, which the model knows too: 0 in new pages. */
  @Test
  void randomChangesNeverLetAPageShowWhatAnotherHeld() {
    Random random = new Random(11);
    int pages = 96;
    Map<Long, Byte> model = new TreeMap<>();
    List<AddressSpace> children = new ArrayList<>();
    for (int round = 0; round < 4000; round++) {
      long start = BASE + random.nextInt(pages) * PAGE;
      int count = 1 + random.nextInt(16);
      switch (random.nextInt(12)) {
        case 0, 1, 2, 3 -> {
          map(start, count * PAGE);
          for (int i = 0; i < count; i++) {
            model.put(start + i * PAGE, (byte) 0);
          }
        }
        case 4, 5, 6, 7 -> {
          space.unmap(start, count * PAGE);
          for (int i = 0; i < count; i++) {
            model.remove(start + i * PAGE);
          }
        }
        case 8 -> move(model, start, 1 + random.nextInt(8), 1 + random.nextInt(16));
        case 9 -> discard(model, start, count);
        case 10 -> {
          if (random.nextInt(20) == 0) {
            children.add(space.fork());
          }
        }
        default -> compare(model);
      }
      for (Map.Entry<Long, Byte> page : model.entrySet()) {
        if (random.nextInt(4) == 0) {
          page.setValue((byte) random.nextInt(128));
          space.memory().putByte(page.getKey() + 5, page.getValue());
        }
      }
    }
    compare(model);
    children.forEach(AddressSpace::release);
  }

  private void move(Map<Long, Byte> model, long start, int count, int newCount) {
    long target = BASE + 4096 * PAGE;
    try {
      space.remap(start, count * PAGE, newCount * PAGE, true, target);
    } catch (ErrnoException e) {
      return;
    }
    // And back, so that memory comes to lie where it was not made.
    space.remap(target, newCount * PAGE, newCount * PAGE, true, start);
    for (int i = count; i < newCount; i++) {
      model.put(start + i * PAGE, (byte) 0);
    }
    for (int i = newCount; i < count; i++) {
      model.remove(start + i * PAGE);
    }
  }

  private void discard(Map<Long, Byte> model, long start, int count) {
    boolean whole = true;
    try {
      space.advise(start, count * PAGE, MADV_DONTNEED);
    } catch (ErrnoException e) {
      whole = false;
    }
    for (int i = 0; i < count; i++) {
      whole &= model.replace(start + i * PAGE, (byte) 0) != null;
    }
  }

  private void compare(Map<Long, Byte> model) {
    model.forEach(
        (page, value) ->
            assertThat(space.memory().getByte(page + 5)).as("%x", page).isEqualTo(value));
  }
}
