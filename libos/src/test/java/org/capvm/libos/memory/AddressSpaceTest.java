package org.capvm.libos.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.abi.Mman.MADV_DONTNEED;
import static org.capvm.libos.abi.Mman.MAP_FIXED;
import static org.capvm.libos.abi.Mman.MAP_FIXED_NOREPLACE;
import static org.capvm.libos.abi.Mman.MAP_GROWSDOWN;
import static org.capvm.libos.abi.Mman.MAP_NORESERVE;
import static org.capvm.libos.abi.Mman.MAP_SHARED;
import static org.capvm.libos.abi.Mman.PROT_EXEC;
import static org.capvm.libos.abi.Mman.PROT_NONE;
import static org.capvm.libos.abi.Mman.PROT_READ;
import static org.capvm.libos.abi.Mman.PROT_WRITE;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.content.DescriptorBudget;
import org.capvm.monitor.gate.FaultAnswer.Resolution;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class AddressSpaceTest {
  private static final int READ_WRITE = PROT_READ | PROT_WRITE;
  private static final long PAGE = AddressLayout.PAGE;
  private static final long LIMIT = 256L << 20;
  private static final long EIGHT_MIB = 8L << 20;

  @RegisterExtension static final MemoryFixture MEMORY = new MemoryFixture();

  private final MemoryLimit limit = MEMORY.limit(LIMIT);
  private final AddressSpace space = MEMORY.space(limit);

  @AfterEach
  void release() {
    space.release();
    assertThat(limit.usedBytes()).isZero();
  }

  private long map(long pages) {
    return space.map(0, pages * PAGE, READ_WRITE, 0, null, 0, null);
  }

  private long mapAt(long address, long pages, int protection) {
    return space.map(address, pages * PAGE, protection, MAP_FIXED, null, 0, null);
  }

  private static void assertErrno(int errno, ThrowingCallable call) {
    assertThatThrownBy(call).isEqualTo(ErrnoException.of(errno));
  }

  private String map() {
    StringBuilder text = new StringBuilder();
    for (MemoryArea area : space.areas()) {
      text.append(String.format("%x-%x/%d ", area.start(), area.end(), area.protection()));
    }
    return text.toString().strip();
  }

  @Test
  void newMemoryIsZeroAndKeepsWhatIsStored() {
    long address = map(2);
    assertThat(space.memory().getLong(address)).isZero();
    space.memory().putLong(address + PAGE, 42);
    assertThat(space.memory().getLong(address + PAGE)).isEqualTo(42);
  }

  @Test
  void anonymousMemoryGoesAboveTwoGibibytesAndCodeBelow() {
    assertThat(map(1)).isGreaterThanOrEqualTo(AddressLayout.CODE_END);
    long code = space.map(0, PAGE, PROT_READ | PROT_EXEC, 0, null, 0, null);
    assertThat(code).isLessThan(AddressLayout.CODE_END);
  }

  @Test
  void whereThingsGoIsTheSameInEveryAddressSpace() {
    AddressSpace other = MEMORY.space(MEMORY.limit(LIMIT));
    assertThat(other.map(0, 5 * PAGE, READ_WRITE, 0, null, 0, null)).isEqualTo(map(5));
    other.release();
  }

  @Test
  void aHintIsTakenIfTheRangeIsFree() {
    long hint = 0x2000_0000L;
    assertThat(space.map(hint + 5, PAGE, READ_WRITE, 0, null, 0, null)).isEqualTo(hint);
    assertThat(space.map(hint, PAGE, READ_WRITE, 0, null, 0, null)).isNotEqualTo(hint);
  }

  @Test
  void fixedMappingsReplaceAndNoReplaceRefuses() {
    mapAt(0x2000_0000L, 3, READ_WRITE);
    space.memory().putLong(0x2000_1000L, 7);
    mapAt(0x2000_1000L, 1, PROT_READ);
    assertThat(space.memory().getLong(0x2000_1000L)).isZero();
    assertThat(map()).isEqualTo("20000000-20001000/3 20001000-20002000/1 20002000-20003000/3");
    assertErrno(
        Errno.EEXIST,
        () -> space.map(0x2000_2000L, 2 * PAGE, READ_WRITE, MAP_FIXED_NOREPLACE, null, 0, null));
  }

  @Test
  void theFirstPagesAndTheLastAreNeverMapped() {
    assertErrno(Errno.EPERM, () -> mapAt(0, 1, READ_WRITE));
    assertErrno(Errno.ENOMEM, () -> mapAt(AddressLayout.END, 1, READ_WRITE));
    assertErrno(Errno.ENOMEM, () -> mapAt(1L << 40, 1, READ_WRITE));
    assertThat(space.map(1, PAGE, READ_WRITE, 0, null, 0, null))
        .isGreaterThan(AddressLayout.MMAP_MIN);
  }

  @Test
  void neighboursWithTheSamePropertiesAreOneArea() {
    mapAt(0x2000_0000L, 1, READ_WRITE);
    mapAt(0x2000_2000L, 1, READ_WRITE);
    mapAt(0x2000_1000L, 1, READ_WRITE);
    assertThat(map()).isEqualTo("20000000-20003000/3");
    space.protect(0x2000_1000L, PAGE, PROT_NONE);
    assertThat(space.areas()).hasSize(3);
    space.protect(0x2000_1000L, PAGE, READ_WRITE);
    assertThat(map()).isEqualTo("20000000-20003000/3");
  }

  @Test
  void unmappingTheMiddleLeavesBothEnds() {
    long address = mapAt(0x2000_0000L, 3, READ_WRITE);
    space.unmap(address + PAGE, 1);
    assertThat(map()).isEqualTo("20000000-20001000/3 20002000-20003000/3");
    assertThatThrownBy(() -> space.memory().getByte(address + PAGE))
        .isInstanceOf(GuestMemoryFault.class);
    space.unmap(0x5000_0000L, PAGE);
  }

  @Test
  void protectionIsTheHostsAsWell() {
    long address = map(1);
    space.protect(address, PAGE, PROT_READ);
    assertThatThrownBy(() -> space.memory().putByte(address, (byte) 1))
        .isInstanceOf(GuestMemoryFault.class);
    space.protect(address, PAGE, PROT_NONE);
    assertThatThrownBy(() -> space.memory().getByte(address)).isInstanceOf(GuestMemoryFault.class);
    assertErrno(Errno.ENOMEM, () -> space.protect(address, 2 * PAGE, PROT_READ));
    assertErrno(Errno.EINVAL, () -> space.protect(address + 1, PAGE, PROT_READ));
  }

  @Test
  void adviceThatMemoryIsNotNeededZeroesIt() {
    long address = map(2);
    space.memory().putLong(address, 1);
    space.memory().putLong(address + PAGE, 2);
    space.advise(address, PAGE, MADV_DONTNEED);
    assertThat(space.memory().getLong(address)).isZero();
    assertThat(space.memory().getLong(address + PAGE)).isEqualTo(2);
    assertErrno(Errno.EINVAL, () -> space.advise(address, PAGE, 77));
    assertErrno(Errno.ENOMEM, () -> space.advise(0x5000_0000L, PAGE, MADV_DONTNEED));
  }

  @Test
  void theHeapGrowsAndShrinksAndStopsAtWhatIsMapped() {
    space.setBreakStart(0x1010_0000L);
    assertThat(space.moveBreak(0, -1)).isEqualTo(0x1010_0000L);
    assertThat(space.moveBreak(0x1010_0123L, -1)).isEqualTo(0x1010_0123L);
    space.memory().putLong(0x1010_0ff8L, 5);
    assertThat(space.moveBreak(0x1010_3000L, -1)).isEqualTo(0x1010_3000L);
    assertThat(space.areas()).hasSize(1);
    assertThat(space.areaAt(0x1010_0000L).name()).isEqualTo("[heap]");
    assertThat(space.moveBreak(0x1010_0000L, -1)).isEqualTo(0x1010_0000L);
    assertThat(space.areas()).isEmpty();
    mapAt(0x1010_2000L, 1, READ_WRITE);
    assertThat(space.moveBreak(0x1010_3000L, -1)).isEqualTo(0x1010_0000L);
    assertThat(space.moveBreak(0x1010_2000L, PAGE)).isEqualTo(0x1010_0000L);
  }

  @Test
  void aMappingGrowsInPlaceOrMovesWithItsContent() {
    long address = mapAt(0x2000_0000L, 2, READ_WRITE);
    space.memory().putLong(address + 8, 11);
    assertThat(space.remap(address, 2 * PAGE, 4 * PAGE, false, -1)).isEqualTo(address);
    mapAt(0x2000_4000L, 1, PROT_READ);
    assertErrno(Errno.ENOMEM, () -> space.remap(address, 4 * PAGE, 5 * PAGE, false, -1));
    long moved = space.remap(address, 4 * PAGE, 6 * PAGE, true, -1);
    assertThat(moved).isNotEqualTo(address);
    assertThat(space.memory().getLong(moved + 8)).isEqualTo(11);
    assertThat(space.memory().getLong(moved + 5 * PAGE)).isZero();
    assertThat(space.areaAt(address)).isNull();
    assertThat(space.remap(moved, 6 * PAGE, PAGE, false, -1)).isEqualTo(moved);
    assertThat(space.areaAt(moved + PAGE)).isNull();
    long fixed = space.remap(moved, PAGE, 2 * PAGE, true, 0x3000_0000L);
    assertThat(fixed).isEqualTo(0x3000_0000L);
    assertThat(space.memory().getLong(fixed + 8)).isEqualTo(11);
    assertErrno(Errno.EFAULT, () -> space.remap(0x5000_0000L, PAGE, PAGE, false, -1));
  }

  @Test
  void theLimitIsChargedForWhatCanBeWrittenAndGivenBack() {
    long address = map(100);
    assertThat(limit.usedBytes()).isEqualTo(100 * PAGE);
    space.map(0, LIMIT * 2, PROT_NONE, 0, null, 0, null);
    space.map(0, LIMIT * 2, READ_WRITE, MAP_NORESERVE, null, 0, null);
    assertThat(limit.usedBytes()).isEqualTo(100 * PAGE);
    assertErrno(Errno.ENOMEM, () -> space.map(0, LIMIT, READ_WRITE, 0, null, 0, null));
    space.unmap(address, 100 * PAGE);
    space.map(0, LIMIT, READ_WRITE, 0, null, 0, null);
    assertThat(limit.usedBytes()).isEqualTo(LIMIT);
  }

  @Test
  void whatDoesNotFitInFourGibibytesIsRefused() {
    assertErrno(
        Errno.ENOMEM, () -> space.map(0, 1L << 32, PROT_NONE, MAP_NORESERVE, null, 0, null));
    assertErrno(Errno.ENOMEM, () -> space.map(0, Long.MAX_VALUE, PROT_NONE, 0, null, 0, null));
  }

  @Test
  void sharedMemoryIsOneFileForAsLongAsItIsMapped() {
    SharedMemory shared =
        SharedMemory.create(MEMORY.limit(2 * PAGE), new DescriptorBudget(1), 2 * PAGE);
    long first = space.map(0, 2 * PAGE, READ_WRITE, MAP_SHARED, shared, 0, null);
    long second = space.map(0, PAGE, READ_WRITE, MAP_SHARED, shared, PAGE, null);
    shared.release();
    space.memory().putLong(first + PAGE, 99);
    assertThat(space.memory().getLong(second)).isEqualTo(99);
  }

  @Test
  void sharedMemoryCountsOnceAsLongAsAPartOfItIsMapped() {
    MemoryLimit limit = MEMORY.limit(3 * PAGE);
    DescriptorBudget descriptors = new DescriptorBudget(2);
    SharedMemory shared = SharedMemory.create(limit, descriptors, 3 * PAGE);
    long address = space.map(0, 3 * PAGE, READ_WRITE, MAP_SHARED, shared, 0, null);
    shared.release();
    assertErrno(Errno.ENOMEM, () -> SharedMemory.create(limit, descriptors, PAGE));
    space.unmap(address, PAGE);
    space.unmap(address + 2 * PAGE, PAGE);
    AddressSpace child = space.fork();
    space.unmap(address + PAGE, PAGE);
    assertThat(limit.usedBytes()).isEqualTo(3 * PAGE);
    child.release();
    assertThat(limit.usedBytes()).isZero();
    assertThat(descriptors.used()).isZero();
  }

  @Test
  void whatChildrenOfForksHaveFromTheirParentCountsApartUpToAsMuchAgain() {
    MemoryLimit limit = MEMORY.limit(3 * PAGE);
    AddressSpace parent = MEMORY.space(limit);
    parent.map(0, 2 * PAGE, READ_WRITE, 0, null, 0, null);
    AddressSpace child = parent.fork();
    assertErrno(Errno.ENOMEM, parent::fork);
    assertThat(limit.usedBytes()).isEqualTo(2 * PAGE);
    child.map(0, PAGE, READ_WRITE, 0, null, 0, null);
    assertErrno(Errno.ENOMEM, () -> child.map(0, PAGE, READ_WRITE, 0, null, 0, null));
    child.release();
    parent.fork().release();
    parent.release();
    assertThat(limit.usedBytes()).isZero();
    assertThat(limit.hasRoomToInherit(3 * PAGE)).isTrue();
  }

  @Test
  void whatAChildUnmapsOfItsParentsMemoryMakesRoomForAnotherChild() {
    MemoryLimit limit = MEMORY.limit(3 * PAGE);
    AddressSpace parent = MEMORY.space(limit);
    long address = parent.map(0, 2 * PAGE, READ_WRITE, 0, null, 0, null);
    AddressSpace child = parent.fork();
    child.unmap(address, PAGE);
    AddressSpace second = parent.fork();
    assertErrno(Errno.ENOMEM, parent::fork);
    second.release();
    child.release();
    parent.release();
  }

  @Test
  void manyForksDoNotCutMemoryIntoEverSmallerPieces() {
    int pages = 3072;
    int forks = 64;
    MemoryLimit limit = MEMORY.limit(MemoryLimit.UNLIMITED);
    AddressSpace parent = MEMORY.space(limit);
    long address = parent.map(0, pages * PAGE, READ_WRITE, 0, null, 0, null);
    List<AddressSpace> children = new ArrayList<>();
    for (int fork = 0; fork < forks; fork++) {
      for (int page = fork; page < pages; page += forks) {
        parent.memory().putInt(address + page * PAGE, fork + page);
      }
      children.add(parent.fork());
    }
    assertThat(parent.areas().size()).isLessThan(300);
    for (int fork = 0; fork < forks; fork++) {
      AddressSpace child = children.get(fork);
      for (int page = 0; page < pages; page++) {
        int writer = page % forks;
        int seen = child.memory().getInt(address + page * PAGE);
        assertThat(seen)
            .as("fork %d page %d", fork, page)
            .isEqualTo(writer <= fork ? writer + page : 0);
      }
      child.release();
    }
    for (int page = 0; page < pages; page++) {
      assertThat(parent.memory().getInt(address + page * PAGE)).isEqualTo(page % forks + page);
    }
    parent.release();
    assertThat(limit.usedBytes()).isZero();
  }

  @Test
  void anAreaThatGrowsDownDoesSoAtAFaultBelowIt() {
    long top = 0x3000_0000L;
    space.map(top, PAGE, READ_WRITE, MAP_FIXED | MAP_GROWSDOWN, null, 0, null);
    assertThat(space.resolveFault(top - 3 * PAGE, true, EIGHT_MIB)).isEqualTo(Resolution.RETRY);
    assertThat(space.areaAt(top - 3 * PAGE).end()).isEqualTo(top + PAGE);
    assertThat(space.resolveFault(top - 2 * EIGHT_MIB, true, EIGHT_MIB))
        .isEqualTo(Resolution.NOT_RESOLVED);
  }

  @Test
  void aFaultThatTheMapDoesNotExplainIsNotResolved() {
    long address = map(1);
    space.protect(address, PAGE, PROT_READ);
    assertThat(space.resolveFault(address, true, EIGHT_MIB)).isEqualTo(Resolution.NOT_RESOLVED);
    assertThat(space.resolveFault(0x10, false, EIGHT_MIB)).isEqualTo(Resolution.NOT_RESOLVED);
  }

  @Test
  void aStoreToTranslatedCodeIsLetThroughAndTheTranslationGoes() {
    // Nobody is asked, as if the stores were the guest's.
    space.memory().onStoreFault(address -> GuestMemory.UNTOUCHED);
    long code = space.map(0, PAGE, READ_WRITE | PROT_EXEC, 0, null, 0, null);
    space.memory().putByte(code, (byte) 0xc3);
    assertThat(space.codeSpace().resolve(code)).isNotZero();
    assertThatThrownBy(() -> space.memory().putByte(code, (byte) 0x90))
        .isInstanceOf(GuestMemoryFault.class);
    assertThat(space.resolveFault(code, true, EIGHT_MIB)).isEqualTo(Resolution.STEP);
    space.memory().putByte(code, (byte) 0xcc);
    assertThat(space.codeSpace().resolve(code)).isNotZero();
    space.prepareStore(code, 8);
    space.memory().putByte(code, (byte) 0x90);
  }

  @Test
  void aStoreOfASystemCallToTranslatedCodeIsLetThroughAndTheTranslationGoes() {
    long code = space.map(0, PAGE, READ_WRITE | PROT_EXEC, 0, null, 0, null);
    space.memory().putByte(code, (byte) 0xc3);
    long translation = space.codeSpace().resolve(code);
    space.memory().putByte(code, (byte) 0x90);
    assertThat(space.memory().getByte(code)).isEqualTo((byte) 0x90);
    assertThat(space.codeSpace().resolve(code)).isNotZero().isNotEqualTo(translation);
  }

  @Test
  void residencyFollowsTouching() {
    long address = map(3);
    space.memory().putByte(address + PAGE, (byte) 1);
    byte[] resident = space.residency(address, 3 * PAGE);
    assertThat(resident[0] & 1).isZero();
    assertThat(resident[1] & 1).isOne();
    assertErrno(Errno.ENOMEM, () -> space.residency(address, 4 * PAGE));
  }

  @Test
  void randomChangesLeaveTheMapAsASimpleModelSaysItIs() {
    Random random = new Random(7);
    long base = 0x4000_0000L;
    int pages = 64;
    TreeMap<Long, Integer> model = new TreeMap<>();
    for (int round = 0; round < 3000; round++) {
      long start = base + random.nextInt(pages) * PAGE;
      int count = 1 + random.nextInt(12);
      int protection = random.nextInt(4);
      switch (random.nextInt(3)) {
        case 0 -> {
          mapAt(start, count, protection);
          for (int i = 0; i < count; i++) {
            model.put(start + i * PAGE, protection);
          }
        }
        case 1 -> {
          space.unmap(start, count * PAGE);
          for (int i = 0; i < count; i++) {
            model.remove(start + i * PAGE);
          }
        }
        default -> {
          boolean whole = true;
          try {
            space.protect(start, count * PAGE, protection);
          } catch (ErrnoException e) {
            whole = false;
          }
          boolean reached = true;
          for (int i = 0; i < count; i++) {
            reached &= model.containsKey(start + i * PAGE);
            if (reached) {
              model.put(start + i * PAGE, protection);
            }
          }
          assertThat(whole).isEqualTo(reached);
        }
      }
    }
    TreeMap<Long, Integer> actual = new TreeMap<>();
    List<MemoryArea> areas = space.areas();
    for (MemoryArea area : areas) {
      for (long page = area.start(); page < area.end(); page += PAGE) {
        actual.put(page, area.protection());
      }
    }
    assertThat(actual).isEqualTo(model);
    for (int i = 1; i < areas.size(); i++) {
      assertThat(areas.get(i - 1).continuesWith(areas.get(i))).isFalse();
    }
  }
}
