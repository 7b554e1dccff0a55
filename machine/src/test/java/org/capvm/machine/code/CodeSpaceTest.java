package org.capvm.machine.code;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.SlotLayout;
import org.capvm.machine.translate.CodeLocation;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Code at 0x400000, one page:
 *
 * <pre>
 *   400000  call 400100     400005  ret
 *   400100  test eax, eax   400102  je 400200     400108  ret
 *   400200  inc eax         400202  jmp 400100
 * </pre>
 */
class CodeSpaceTest {
  private static final long START = 0x400000;
  private static final long PAGE = 4096;
  private static final CodeOrigin ORIGIN = new CodeOrigin(1, 2, 3, 0);

  private final CodeCache codeCache = CodeCache.create(1 << 20);
  private final GateEntries gates =
      new GateEntries(
          codeCache.executableAddress(),
          codeCache.executableAddress() + 16,
          codeCache.executableAddress() + 32,
          codeCache.executableAddress() + 48,
          0);
  private final TranslationCache cache =
      new TranslationCache(codeCache, gates, TranslationCheck.VERIFIER);
  private final Page page = new Page();
  private final View view = new View();
  private final View otherView = new View();
  private final CodeSpace space = new CodeSpace(cache, page, view);

  @AfterEach
  void close() {
    space.close();
    codeCache.close();
    view.close();
    otherView.close();
  }

  @Test
  void aPcThatIsNotCodeHasNoTranslation() {
    assertThat(space.resolve(START)).isZero();
  }

  @Test
  void aPcIsTranslatedOnceAndThenFoundInTheBranchTable() {
    space.map(START, PAGE, ORIGIN);
    long first = space.resolve(START);
    assertThat(codeCache.holdsTranslation(first)).isTrue();
    assertThat(space.resolve(START)).isEqualTo(first);
    assertThat(cache.statistics().translations()).isEqualTo(1);
  }

  @Test
  void theReturnPointOfACallIsInTheBranchTableFromTheStart() {
    space.map(START, PAGE, ORIGIN);
    space.resolve(START);
    long translations = cache.statistics().translations();
    assertThat(space.resolve(START + 5)).isNotZero();
    assertThat(cache.statistics().translations()).isEqualTo(translations);
  }

  @Test
  void equalMappingsShareTheirTranslations() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    space.map(START, PAGE, ORIGIN);
    other.map(START, PAGE, ORIGIN);
    assertThat(other.resolve(START)).isEqualTo(space.resolve(START));
    other.close();
  }

  @Test
  void mappingsWithoutAnOriginShareNothing() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    space.map(START, PAGE, null);
    other.map(START, PAGE, null);
    assertThat(other.resolve(START)).isNotEqualTo(space.resolve(START));
    other.close();
  }

  @Test
  void aDirectBranchIsLinkedWhenItsTargetGetsATranslation() {
    space.map(START, PAGE, ORIGIN);
    long caller = space.resolve(START);
    // push imm32 (5 bytes), nops up to an aligned distance, jmp rel32.
    long site = caller + 8;
    assertThat(RawMemory.getByte(site - 1)).isEqualTo((byte) 0xe9);
    assertThat(branchTarget(site)).isBetween(caller, caller + 64);
    long callee = space.resolve(START + 0x100);
    assertThat(branchTarget(site)).isEqualTo(callee);
  }

  @Test
  void aDiscardedTranslationIsUnlinkedAndMadeAgainFromTheNewBytes() {
    space.map(START, PAGE, null);
    long caller = space.resolve(START);
    long callee = space.resolve(START + 0x100);
    page.write(0x100, "c3");
    space.discard(START, PAGE);
    assertThat(page.interruptions).isPositive();
    long newCallee = space.resolve(START + 0x100);
    assertThat(newCallee).isNotEqualTo(callee);
    assertThat(space.resolve(START)).isNotEqualTo(caller);
    assertThat(cache.locate(newCallee).guestPc()).isEqualTo(START + 0x100);
  }

  @Test
  void discardingInOneAddressSpaceLeavesTheSharedTranslationsOfOthersAlone() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    space.map(START, PAGE, ORIGIN);
    other.map(START, PAGE, ORIGIN);
    long shared = other.resolve(START);
    space.discard(START, PAGE);
    assertThat(space.resolve(START)).isNotEqualTo(shared);
    assertThat(other.resolve(START)).isEqualTo(shared);
    other.close();
  }

  @Test
  void whatOneAddressSpaceHasFoundAnotherNeedNotLookFor() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    other.map(START, PAGE, ORIGIN);
    space.map(START, PAGE, ORIGIN);
    long found = space.resolve(START);
    assertThat(otherView.entry(START)).isEqualTo(found);
    assertThat(otherView.entry(START + 5)).isEqualTo(view.entry(START + 5)).isNotZero();
    other.close();
  }

  @Test
  void whoDiscardsSharedCodeSeesItsEntriesNoMore() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    other.map(START, PAGE, ORIGIN);
    space.map(START, PAGE, ORIGIN);
    long found = space.resolve(START);
    space.discard(START, PAGE);
    assertThat(view.entry(START)).isZero();
    assertThat(view.entry(START + 5)).isZero();
    assertThat(otherView.entry(START)).isEqualTo(found);
    long own = space.resolve(START);
    assertThat(view.entry(START)).isEqualTo(own);
    assertThat(otherView.entry(START)).isEqualTo(found);
    other.unmap(START, PAGE);
    assertThat(otherView.entry(START)).isZero();
    other.close();
  }

  @Test
  void codeThatIsUnmappedIsNotCodeAnyMore() {
    space.map(START, PAGE, ORIGIN);
    space.resolve(START);
    space.unmap(START, PAGE);
    assertThat(space.resolve(START)).isZero();
    assertThat(space.resolve(START + 5)).isZero();
  }

  @Test
  void whatIsLeftOfAMappingThatLostAPartIsStillCode() {
    space.map(START - PAGE, 3 * PAGE, ORIGIN);
    space.unmap(START - PAGE, PAGE);
    assertThat(space.resolve(START - PAGE)).isZero();
    assertThat(space.resolve(START)).isNotZero();
  }

  @Test
  void mutableCodeIsProtectedBeforeItIsRead() {
    space.map(START, PAGE, null);
    space.resolve(START);
    assertThat(page.events).startsWith("protect", "read");
  }

  @Test
  void theRoomOfPrivateTranslationsComesBackWhenTheAddressSpaceCloses() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    other.map(START, PAGE, null);
    long before = codeCache.usedBytes();
    other.resolve(START);
    other.resolve(START + 0x100);
    other.discard(START, PAGE);
    other.resolve(START);
    assertThat(codeCache.usedBytes()).isGreaterThan(before);
    other.close();
    assertThat(codeCache.usedBytes()).isEqualTo(before);
  }

  @Test
  void retiredTranslationsAreReleasedOnceEveryThreadHasBeenOutside() {
    Passages thread = threadWithPassages(1);
    retireMany();
    long taken = codeCache.usedBytes();
    retireMany();
    assertThat(codeCache.usedBytes()).as("the thread may be inside").isGreaterThan(taken * 3 / 2);
    for (int i = 0; i < 10; i++) {
      thread.count += 2;
      retireMany();
    }
    assertThat(codeCache.usedBytes()).isLessThan(taken * 3);
  }

  @Test
  void aThreadOutsideKeepsNoTranslation() {
    threadWithPassages(2);
    assertThatRetiredTranslationsAreReleased();
  }

  @Test
  void aThreadThatHasLeftTheAddressSpaceKeepsNoTranslation() {
    Passages thread = threadWithPassages(1);
    retireMany();
    space.leave(thread);
    assertThatRetiredTranslationsAreReleased();
  }

  /** A thread in the address space, which has code: inside it if the count is odd. */
  private Passages threadWithPassages(long count) {
    Passages thread = new Passages();
    thread.count = count;
    space.enter(thread);
    space.map(START, PAGE, null);
    return thread;
  }

  private void assertThatRetiredTranslationsAreReleased() {
    long before = codeCache.usedBytes();
    space.resolve(START);
    long one = codeCache.usedBytes() - before;
    for (int i = 0; i < 10; i++) {
      retireMany();
    }
    assertThat(codeCache.usedBytes()).isLessThan(before + 1000 * one);
  }

  @Test
  void memoryOfTranslationsOfOnesOwnIsTakenAndGivenBack() {
    space.map(START, PAGE, null);
    space.resolve(START);
    long one = page.taken - PAGE;
    assertThat(one).as("more than a page of the branch table").isPositive();
    for (int i = 0; i < 10; i++) {
      retireMany();
    }
    assertThat(page.taken).isBetween(PAGE, PAGE + 1000 * one);
  }

  @Test
  void sharedTranslationsAreChargedToNobody() {
    space.map(START, PAGE, ORIGIN);
    space.resolve(START);
    assertThat(page.taken).isZero();
  }

  @Test
  void whoMayTakeNoMoreMemoryGetsNoTranslation() {
    space.map(START, PAGE, null);
    page.limit = 0;
    assertThatThrownBy(() -> space.resolve(START))
        .isInstanceOf(CodeCacheFullException.class)
        .hasMessageContaining("more memory than it may have");
  }

  @Test
  void imagesThatNobodySharesGoWhenTheirRoomIsNeeded() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    other.map(START, PAGE, ORIGIN);
    long shared = other.resolve(START);
    for (int i = 0; i < 5000; i++) {
      try (CodeSpace passing = new CodeSpace(cache, page, view)) {
        passing.map(START, PAGE, new CodeOrigin(1, 2, 3, i * PAGE));
        assertThat(passing.resolve(START)).isNotZero();
      }
    }
    assertThat(codeCache.usedBytes()).isLessThan(codeCache.capacityBytes() / 2);
    space.map(START, PAGE, ORIGIN);
    assertThat(space.resolve(START)).as("still shared").isEqualTo(shared);
    other.close();
  }

  @Test
  void whoMapsTheSameCodeAtEverMorePlacesSharesOnlySomeOfThem() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    for (int i = 0; i < 300; i++) {
      space.map(START + i * PAGE, PAGE, ORIGIN);
      other.map(START + i * PAGE, PAGE, ORIGIN);
    }
    assertThat(other.resolve(START)).isEqualTo(space.resolve(START));
    long last = START + 299 * PAGE;
    assertThat(other.resolve(last)).isNotEqualTo(space.resolve(last)).isNotZero();
    other.close();
  }

  @Test
  void codeAtTheEndOfALargeMappingTakesNoMoreThanElsewhere() {
    long start = START - (START & 0xFFFFF);
    page.start = 0xF000_0000L;
    space.map(start, 0xF000_1000L - start, null);
    assertThat(space.resolve(0xF000_0000L)).isNotZero();
  }

  /** Makes more translations than are kept for a while, and retires them. */
  private void retireMany() {
    for (int i = 0; i < 300; i++) {
      space.resolve(START);
      space.discard(START, PAGE);
    }
  }

  private static final class Passages implements CodeUser {
    private long count;

    @Override
    public long passages() {
      return count;
    }
  }

  @Test
  void everyHostInstructionOfATranslationHasAGuestPc() {
    space.map(START, PAGE, ORIGIN);
    long caller = space.resolve(START);
    assertThat(cache.locate(caller))
        .extracting(CodeLocation::guestPc, CodeLocation::restartable)
        .containsExactly(START, true);
    assertThat(cache.locate(caller + 7))
        .extracting(CodeLocation::guestPc, CodeLocation::restartable)
        .containsExactly(START, false);
    assertThat(cache.locate(gates.miss())).isNull();
  }

  @Test
  void aPresetStandsInForATranslation() {
    space.map(START, PAGE, ORIGIN);
    space.preset(START + 0x100, gates.trap());
    assertThat(space.resolve(START + 0x100)).isEqualTo(gates.trap());
  }

  @Test
  void aPresetIsOneAddressSpacesOwn() {
    CodeSpace other = new CodeSpace(cache, page, otherView);
    other.map(START, PAGE, ORIGIN);
    space.map(START, PAGE, ORIGIN);
    space.preset(START + 0x100, gates.trap());
    assertThat(space.resolve(START + 0x100)).isEqualTo(gates.trap());
    assertThat(view.entry(START + 0x100)).isEqualTo(gates.trap());
    assertThat(otherView.entry(START + 0x100)).isZero();
    other.close();
  }

  @Test
  void anAddressSpaceThatRunsSharedCodeAloneTakesNoTableOfItsOwn() {
    space.map(START, PAGE, ORIGIN);
    space.preset(START + PAGE, gates.trap());
    space.map(START + PAGE, PAGE, null);
    space.resolve(START);
    assertThat(view.files).containsExactly(START);
    assertThat(view.entry(START + PAGE)).isZero();
  }

  @Test
  void aNewCodeSpaceShowsNothingOfTheOneThatHadTheSameView() {
    space.map(START, PAGE, ORIGIN);
    space.map(START + PAGE, PAGE, null);
    space.preset(START + PAGE, gates.trap());
    space.resolve(START);
    space.resolve(START + PAGE);
    try (CodeSpace next = new CodeSpace(cache, page, view)) {
      assertThat(view.entry(START)).isZero();
      assertThat(view.entry(START + PAGE)).isZero();
      assertThat(next.resolve(START)).isZero();
    }
  }

  @Test
  void translationsOfOneMappingGoWithTheLastAddressSpaceThatHasIt() {
    CodeOrigin origin = CodeOrigin.ofOneMapping();
    space.map(START, PAGE, origin);
    try (CodeSpace child = new CodeSpace(cache, page, otherView)) {
      child.map(START, PAGE, origin);
      assertThat(child.resolve(START)).isEqualTo(space.resolve(START));
      space.close();
      assertThat(cache.statistics().translations()).isPositive();
    }
    assertThat(cache.statistics().translations()).isZero();
    assertThat(codeCache.usedBytes()).isLessThanOrEqualTo(CodeCache.GATE_BYTES);
  }

  @Test
  void theTableOfItsOwnIsSeenAroundSharedCode() {
    space.map(START, PAGE, ORIGIN);
    space.map(START - PAGE, PAGE, null);
    space.map(START + PAGE, PAGE, null);
    space.preset(START - 1, gates.trap());
    space.preset(START + PAGE, gates.trap());
    long shared = space.resolve(START);
    assertThat(space.resolve(START - 1)).isEqualTo(gates.trap());
    assertThat(space.resolve(START + PAGE)).isEqualTo(gates.trap());
    assertThat(view.entry(START - 1)).isEqualTo(gates.trap());
    assertThat(view.entry(START)).isEqualTo(shared);
    assertThat(view.entry(START + PAGE)).isEqualTo(gates.trap());
  }

  @Test
  void sharedCodeThatIsUnmappedLeavesNoEntryBehind() {
    space.map(START, PAGE, ORIGIN);
    assertThat(space.resolve(START)).isEqualTo(view.entry(START));
    space.unmap(START, PAGE);
    assertThat(view.entry(START)).isZero();
  }

  @Test
  void aCodeCacheWithoutRoomSaysSo() {
    try (CodeCache small = CodeCache.create(CodeCache.GATE_BYTES + 4096)) {
      assertThatThrownBy(() -> small.allocate(8192))
          .isInstanceOf(CodeCacheFullException.class)
          .hasMessageContaining("full");
    }
  }

  private static long branchTarget(long site) {
    return site + 4 + RawMemory.getInt(site);
  }

  /** What guests of an address space see of the branch table. */
  private static final class View implements BranchTableView {
    /** Where files of entries have been mapped. */
    private final List<Long> files = new ArrayList<>();

    private final long address =
        HostMemory.mmap(
            0,
            SlotLayout.BRANCH_TABLE_BYTES,
            HostMemory.PROT_READ,
            HostMemory.MAP_PRIVATE | HostMemory.MAP_ANONYMOUS | HostMemory.MAP_NORESERVE,
            -1,
            0);

    @Override
    public void map(long guestAddress, long lengthBytes, int descriptor, long fileOffset) {
      int kind = HostMemory.MAP_PRIVATE | HostMemory.MAP_ANONYMOUS;
      if (descriptor >= 0) {
        files.add(guestAddress);
        kind = HostMemory.MAP_SHARED;
      }
      HostMemory.mmap(
          address + SlotLayout.branchEntryOffset(guestAddress + lengthBytes - 1),
          lengthBytes * SlotLayout.BRANCH_ENTRY_BYTES,
          HostMemory.PROT_READ,
          kind | HostMemory.MAP_FIXED | HostMemory.MAP_NORESERVE,
          descriptor,
          descriptor < 0 ? 0 : fileOffset);
    }

    long entry(long guestPc) {
      return RawMemory.getLong(address + SlotLayout.branchEntryOffset(guestPc));
    }

    void close() {
      HostMemory.munmap(address, SlotLayout.BRANCH_TABLE_BYTES);
    }
  }

  /** One page of guest memory at {@link #START}. */
  private static final class Page implements CodeMemory {
    private final byte[] bytes = new byte[(int) PAGE];
    private final List<String> events = new ArrayList<>();
    private int interruptions;
    private long start = START;
    private long taken;
    private long limit = Long.MAX_VALUE;

    Page() {
      write(0, "e8 fb 00 00 00 c3");
      write(0x100, "85 c0 0f 84 f8 00 00 00 c3");
      write(0x200, "ff c0 e9 f9 fe ff ff");
    }

    void write(int offset, String hex) {
      byte[] code = HexFormat.ofDelimiter(" ").parseHex(hex);
      System.arraycopy(code, 0, bytes, offset, code.length);
    }

    @Override
    public int read(long guestAddress, byte[] target, int targetOffset, int lengthBytes) {
      events.add("read");
      long from = guestAddress - start;
      int offset = (int) (guestAddress >= start + PAGE ? guestAddress % PAGE : from);
      if (offset < 0 || offset >= PAGE) {
        return 0;
      }
      int length = Math.min(lengthBytes, (int) PAGE - offset);
      System.arraycopy(bytes, offset, target, targetOffset, length);
      return length;
    }

    @Override
    public void protect(long guestAddress, long lengthBytes) {
      events.add("protect");
    }

    @Override
    public boolean take(long bytes) {
      taken += bytes;
      return taken <= limit;
    }

    @Override
    public void interruptGuests() {
      interruptions++;
    }
  }
}
