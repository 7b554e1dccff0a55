package org.capvm.machine.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.capvm.machine.isa.Instruction.SegmentOverride;
import org.capvm.machine.layout.Gpr;
import org.junit.jupiter.api.Test;

/** Encodings that are easy to get wrong. */
class DecoderTest {
  private static Instruction decode(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    return Decoder.decode(bytes, 0, bytes.length);
  }

  /** Text of an instruction at address 0 that uses up all the bytes. */
  private static String text(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    return ObjdumpComparison.decode(bytes, 0);
  }

  private static boolean isInvalid(String hex) {
    return decode(hex).form() == InstructionForm.INVALID;
  }

  private static int mask(int... registers) {
    int mask = 0;
    for (int register : registers) {
      mask |= Gpr.bit(register);
    }
    return mask;
  }

  @Test
  void rexCountsOnlyDirectlyBeforeTheOpcode() {
    assertThat(text("48 89 c3")).isEqualTo("mov rbx,rax");
    assertThat(text("48 66 89 c3")).isEqualTo("mov bx,ax");
    assertThat(text("48 3e 89 c3")).isEqualTo("mov ebx,eax");
  }

  @Test
  void theLastRexCounts() {
    assertThat(text("48 41 89 c3")).isEqualTo("mov r11d,eax");
  }

  @Test
  void operandSizeGivesWayToRexW() {
    assertThat(text("66 48 89 c3")).isEqualTo("mov rbx,rax");
    assertThat(decode("66 48 89 c3").operandSizeBytes()).isEqualTo(8);
  }

  @Test
  void theImmediateOfAWordInstructionIsAWord() {
    assertThat(text("66 81 c3 34 12")).isEqualTo("add bx,0x1234");
    assertThat(text("66 48 81 c3 78 56 34 12")).isEqualTo("add rbx,0x12345678");
    assertThat(decode("66 81 c3 34 12").immediateSize()).isEqualTo(2);
  }

  @Test
  void theLastOfTwoRepeatPrefixesCounts() {
    assertThat(text("f2 f3 0f 10 c1")).isEqualTo("movss xmm0,xmm1");
    assertThat(text("f3 f2 0f 10 c1")).isEqualTo("movsd xmm0,xmm1");
  }

  @Test
  void repeatPrefixesHideAMandatory66() {
    assertThat(text("66 0f 10 c1")).isEqualTo("movupd xmm0,xmm1");
    assertThat(text("66 f3 0f 10 c1")).isEqualTo("movss xmm0,xmm1");
    assertThat(text("f3 66 0f 10 c1")).isEqualTo("movss xmm0,xmm1");
  }

  @Test
  void operandSizeCountsBesideARepeatPrefixThatIsPartOfTheOpcode() {
    assertThat(text("66 f3 0f b8 c1")).isEqualTo("popcnt ax,cx");
    assertThat(text("66 f2 0f 38 f1 c1")).isEqualTo("crc32 eax,cx");
    assertThat(text("66 0f 38 f1 01")).isEqualTo("movbe WORD PTR [rcx],ax");
  }

  @Test
  void bitScansTurnIntoCountsWithF3() {
    assertThat(text("0f bc c1")).isEqualTo("bsf eax,ecx");
    assertThat(text("f3 0f bc c1")).isEqualTo("tzcnt eax,ecx");
    assertThat(text("f3 0f bd c1")).isEqualTo("lzcnt eax,ecx");
  }

  @Test
  void repeatPrefixesAreReservedOnOtherInstructions() {
    assertThat(isInvalid("f3 89 c3")).isTrue();
    assertThat(isInvalid("f2 0f af c1")).isTrue();
    assertThat(isInvalid("f3 50")).isTrue();
  }

  @Test
  void branchesAcceptTheirHints() {
    assertThat(decode("f2 e8 00 00 00 00").form().flow()).isEqualTo(Flow.CALL);
    assertThat(decode("f2 c3").form().flow()).isEqualTo(Flow.RETURN);
    assertThat(decode("f3 c3").form().flow()).isEqualTo(Flow.RETURN);
    assertThat(decode("3e ff e0").form().flow()).isEqualTo(Flow.INDIRECT_JUMP);
    assertThat(decode("2e 75 00").form().flow()).isEqualTo(Flow.CONDITIONAL);
  }

  @Test
  void aCallPaddedForThreadLocalStorageIsACall() {
    Instruction call = decode("66 66 48 e8 10 00 00 00");
    assertThat(call.form().flow()).isEqualTo(Flow.CALL);
    assertThat(call.length()).isEqualTo(8);
    assertThat(call.branchTarget(0x1000)).isEqualTo(0x1018);
  }

  @Test
  void nearBranchesOf16BitsAreInvalid() {
    for (String branch :
        new String[] {"66 e8 00 00", "66 e9 00 00", "66 eb 00", "66 74 00", "66 0f 84 00 00"}) {
      assertThat(isInvalid(branch)).as(branch).isTrue();
    }
    for (String branch :
        new String[] {"66 c3", "66 c2 00 00", "66 ff e0", "66 ff d0", "66 e2 00"}) {
      assertThat(isInvalid(branch)).as(branch).isTrue();
    }
  }

  @Test
  void distancesAreSigned() {
    assertThat(decode("eb fe").branchTarget(0x1000)).isEqualTo(0x1000);
    assertThat(decode("0f 84 fa ff ff ff").branchTarget(0x1000)).isEqualTo(0x1000);
    assertThat(decode("74 10").immediate()).isEqualTo(16);
    assertThat(decode("74 10").condition()).isEqualTo(4);
  }

  @Test
  void opcode90IsNopPauseOrExchange() {
    assertThat(text("90")).isEqualTo("nop");
    assertThat(text("48 90")).isEqualTo("nop");
    assertThat(text("f3 90")).isEqualTo("pause");
    assertThat(text("41 90")).isEqualTo("xchg r8d,eax");
    assertThat(text("49 90")).isEqualTo("xchg r8,rax");
    assertThat(decode("90").writesGpr()).isZero();
    assertThat(decode("49 90").writesGpr()).isEqualTo(mask(Gpr.RAX, Gpr.R8));
  }

  @Test
  void longNopsDoNotAccessMemory() {
    Instruction nop = decode("66 2e 0f 1f 84 00 00 00 00 00");
    assertThat(nop.length()).isEqualTo(10);
    assertThat(nop.hasMemory()).isTrue();
    assertThat(nop.readsMemory()).isFalse();
    assertThat(nop.writesMemory()).isFalse();
    assertThat(nop.form().policy()).isEqualTo(Policy.ALLOW);
  }

  @Test
  void endbrIsAllowed() {
    assertThat(decode("f3 0f 1e fa").form().mnemonic()).isEqualTo("ENDBR64");
    assertThat(decode("f3 0f 1e fa").form().policy()).isEqualTo(Policy.ALLOW);
  }

  @Test
  void noInstructionIsLongerThan15Bytes() {
    String prefixes = "66 ".repeat(12);
    assertThat(decode(prefixes + "48 89 c3").length()).isEqualTo(15);
    assertThat(isInvalid("66 " + prefixes + "48 89 c3")).isTrue();
    assertThat(isInvalid("66 ".repeat(20))).isTrue();
  }

  @Test
  void whatTheLimitCutsIsTruncated() {
    assertThat(decode("48").form()).isEqualTo(InstructionForm.TRUNCATED);
    assertThat(decode("48 8b").form()).isEqualTo(InstructionForm.TRUNCATED);
    assertThat(decode("48 8b 84").form()).isEqualTo(InstructionForm.TRUNCATED);
    assertThat(decode("48 8b 84 24 00 00 00").form()).isEqualTo(InstructionForm.TRUNCATED);
    assertThat(decode("48 8b 84 24 00 00 00").length()).isEqualTo(7);
    assertThat(decode("c4 e2").form()).isEqualTo(InstructionForm.TRUNCATED);
    assertThat(decode("").form()).isEqualTo(InstructionForm.TRUNCATED);
    assertThat(decode("").length()).isZero();
  }

  @Test
  void bytesBeyondTheLimitAreNotRead() {
    byte[] code = HexFormat.of().parseHex("4889c3");
    assertThat(Decoder.decode(code, 0, 2).form()).isEqualTo(InstructionForm.TRUNCATED);
    assertThat(Decoder.decode(code, 1, 3).length()).isEqualTo(2);
    assertThatThrownBy(() -> Decoder.decode(code, 0, 4))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Decoder.decode(code, 3, 2))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void lockNeedsALockableInstructionAndMemory() {
    assertThat(decode("f0 48 0f b1 0a").hasLock()).isTrue();
    assertThat(decode("f0 83 04 24 00").form().mnemonic()).isEqualTo("ADD");
    assertThat(decode("f0 0f ba 28 01").form().mnemonic()).isEqualTo("BTS");
    assertThat(isInvalid("f0 01 c3")).as("a register").isTrue();
    assertThat(isInvalid("f0 03 03")).as("memory as the source").isTrue();
    assertThat(isInvalid("f0 39 03")).as("cmp").isTrue();
    assertThat(isInvalid("f0 89 03")).as("mov").isTrue();
    assertThat(isInvalid("f0 90")).as("nop").isTrue();
    assertThat(isInvalid("f0 0f ba 20 01")).as("bt").isTrue();
  }

  @Test
  void transactionHintsAreAccepted() {
    assertThat(decode("f2 f0 0f b1 0a").form().mnemonic()).isEqualTo("CMPXCHG");
    assertThat(decode("f3 c7 00 00 00 00 00").form().mnemonic()).isEqualTo("MOV");
    assertThat(decode("f2 87 03").form().mnemonic()).isEqualTo("XCHG");
    assertThat(isInvalid("f2 0f b1 0a")).as("without lock").isTrue();
  }

  @Test
  void segmentsOtherThanFsAndGsHaveNoEffect() {
    assertThat(decode("64 48 8b 04 25 28 00 00 00").segmentOverride())
        .isEqualTo(SegmentOverride.FS);
    assertThat(decode("65 8b 00").segmentOverride()).isEqualTo(SegmentOverride.GS);
    assertThat(decode("36 8b 00").segmentOverride()).isEqualTo(SegmentOverride.NONE);
    assertThat(decode("64 2e 8b 00").segmentOverride()).isEqualTo(SegmentOverride.FS);
    assertThat(decode("64 65 8b 00").segmentOverride())
        .as("the last")
        .isEqualTo(SegmentOverride.GS);
    assertThat(decode("65 64 8b 00").segmentOverride())
        .as("the last")
        .isEqualTo(SegmentOverride.FS);
  }

  @Test
  void memoryOperandsAreTakenApart() {
    Instruction load = decode("4a 8b 84 a5 78 56 34 92");
    assertThat(load.base()).isEqualTo(Gpr.RBP);
    assertThat(load.index()).isEqualTo(Gpr.R12);
    assertThat(load.scaleLog2()).isEqualTo(2);
    assertThat(load.displacement()).isEqualTo((long) 0x92345678);
    assertThat(load.displacementOffset()).isEqualTo(4);
    assertThat(load.displacementSize()).isEqualTo(4);
    assertThat(load.memoryBytes()).isEqualTo(8);
    assertThat(load.readsGpr()).isEqualTo(mask(Gpr.RBP, Gpr.R12));
    assertThat(load.writesGpr()).isEqualTo(mask(Gpr.RAX));
  }

  @Test
  void rip32BitDisplacementAndNoBaseAreTold() {
    assertThat(decode("48 8b 05 00 00 00 00").base()).isEqualTo(Gpr.RIP);
    assertThat(decode("49 8b 05 00 00 00 00").base()).as("whatever REX.B").isEqualTo(Gpr.RIP);
    assertThat(decode("48 8b 04 25 00 00 00 00").base()).isEqualTo(Gpr.NONE);
    assertThat(decode("49 8b 04 25 00 00 00 00").base()).isEqualTo(Gpr.NONE);
    assertThat(decode("48 8b 04 25 00 00 00 00").index()).isEqualTo(Gpr.NONE);
    assertThat(decode("48 8b 45 00").base()).isEqualTo(Gpr.RBP);
    assertThat(decode("49 8b 45 00").base()).isEqualTo(Gpr.R13);
  }

  @Test
  void r12CanBeAnIndexAndRspCannot() {
    assertThat(decode("4a 8b 04 20").index()).isEqualTo(Gpr.R12);
    assertThat(decode("48 8b 04 20").index()).isEqualTo(Gpr.NONE);
    assertThat(decode("49 8b 04 24").base()).isEqualTo(Gpr.R12);
    assertThat(decode("48 8b 04 24").base()).isEqualTo(Gpr.RSP);
  }

  @Test
  void moffsHasAnAddressOf8Bytes() {
    Instruction load = decode("48 a1 88 77 66 55 44 33 22 91");
    assertThat(load.isMoffs()).isTrue();
    assertThat(load.hasMemory()).isTrue();
    assertThat(load.base()).isEqualTo(Gpr.NONE);
    assertThat(load.displacement()).isEqualTo(0x9122334455667788L);
    assertThat(load.displacementOffset()).isEqualTo(2);
    assertThat(load.displacementSize()).isEqualTo(8);
    assertThat(load.readsMemory()).isTrue();
    assertThat(load.memoryBytes()).isEqualTo(8);
    assertThat(load.form().policy()).isEqualTo(Policy.REWRITE);
  }

  @Test
  void moffsWithA67PrefixHasAnAddressOf4Bytes() {
    Instruction store = decode("67 a2 88 77 66 f5");
    assertThat(store.length()).isEqualTo(6);
    assertThat(store.displacement()).isEqualTo(0xf5667788L);
    assertThat(store.writesMemory()).isTrue();
    assertThat(store.memoryBytes()).isEqualTo(1);
  }

  @Test
  void immediatesAreExtendedAsTheRowSays() {
    assertThat(decode("48 83 c0 ff").immediate()).isEqualTo(-1);
    assertThat(decode("48 81 c0 ff ff ff ff").immediate()).isEqualTo(-1);
    assertThat(decode("04 ff").immediate()).isEqualTo(0xff);
    assertThat(decode("48 b8 ff ff ff ff ff ff ff 7f").immediate()).isEqualTo(Long.MAX_VALUE);
    assertThat(decode("c2 ff ff").immediate()).isEqualTo(0xffff);
    assertThat(decode("66 0f 70 c1 ff").immediate()).isEqualTo(0xff);
  }

  @Test
  void enterHasTwoImmediates() {
    Instruction enter = decode("c8 34 12 56");
    assertThat(enter.length()).isEqualTo(4);
    assertThat(enter.immediate()).isEqualTo(0x1234);
    assertThat(enter.secondImmediate()).isEqualTo(0x56);
  }

  @Test
  void onlyTheFirstTwoOfGroup3HaveAnImmediate() {
    assertThat(decode("f6 c1 01").length()).isEqualTo(3);
    assertThat(decode("f6 c9 01").length()).as("an alias of test").isEqualTo(3);
    assertThat(decode("f6 d1").length()).isEqualTo(2);
    assertThat(decode("66 f7 c1 01 00").length()).isEqualTo(5);
  }

  @Test
  void opcodesWithoutMeaningIn64BitModeAreInvalid() {
    for (int opcode :
        new int[] {0x06, 0x27, 0x37, 0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xd4, 0xd5, 0xd6, 0xea}) {
      byte[] bytes = new byte[15];
      bytes[0] = (byte) opcode;
      assertThat(Decoder.decode(bytes, 0, 15).form())
          .as("%02x", opcode)
          .isEqualTo(InstructionForm.INVALID);
    }
  }

  @Test
  void highByteRegistersExistOnlyWithoutRex() {
    assertThat(text("88 e0")).isEqualTo("mov al,ah");
    assertThat(decode("88 e0").usesHighByteRegister()).isTrue();
    assertThat(decode("88 e0").readsGpr()).isEqualTo(mask(Gpr.RAX));
    assertThat(text("40 88 e0")).isEqualTo("mov al,spl");
    assertThat(decode("40 88 e0").usesHighByteRegister()).isFalse();
    assertThat(decode("40 88 e0").readsGpr()).isEqualTo(mask(Gpr.RAX, Gpr.RSP));
    assertThat(decode("b7 01").writesGpr()).isEqualTo(mask(Gpr.RBX));
    assertThat(decode("0f b6 c4").usesHighByteRegister()).isTrue();
    assertThat(decode("88 c8").usesHighByteRegister()).isFalse();
  }

  @Test
  void writingPartOfARegisterReadsTheRest() {
    assertThat(decode("b0 01").readsGpr()).isEqualTo(mask(Gpr.RAX));
    assertThat(decode("66 b8 01 00").readsGpr()).isEqualTo(mask(Gpr.RAX));
    assertThat(decode("b8 01 00 00 00").readsGpr()).isZero();
  }

  @Test
  void implicitRegistersAreInTheMasks() {
    assertThat(decode("48 f7 f1").readsGpr()).isEqualTo(mask(Gpr.RAX, Gpr.RDX, Gpr.RCX));
    assertThat(decode("48 f7 f1").writesGpr()).isEqualTo(mask(Gpr.RAX, Gpr.RDX));
    assertThat(decode("d3 e3").readsGpr()).isEqualTo(mask(Gpr.RBX, Gpr.RCX));
    assertThat(decode("0f b1 0b").writesGpr()).isEqualTo(mask(Gpr.RAX));
    assertThat(decode("48 0f c7 0f").readsGpr())
        .isEqualTo(mask(Gpr.RAX, Gpr.RDX, Gpr.RBX, Gpr.RCX, Gpr.RDI));
    assertThat(decode("c9").writesGpr()).isEqualTo(mask(Gpr.RSP, Gpr.RBP));
    assertThat(decode("c4 e2 f3 f6 d3").readsGpr()).as("mulx").isEqualTo(mask(Gpr.RDX, Gpr.RBX));
    assertThat(decode("c4 e2 f3 f6 d3").writesGpr()).as("mulx").isEqualTo(mask(Gpr.RDX, Gpr.RCX));
    assertThat(decode("66 0f 3a 61 c1 00").writesGpr()).as("pcmpestri").isEqualTo(mask(Gpr.RCX));
  }

  @Test
  void repeatedStringInstructionsCountInRcx() {
    assertThat(decode("a4").readsGpr()).isEqualTo(mask(Gpr.RSI, Gpr.RDI));
    assertThat(decode("f3 a4").writesGpr()).isEqualTo(mask(Gpr.RSI, Gpr.RDI, Gpr.RCX));
    assertThat(decode("f3 48 ab").readsGpr()).isEqualTo(mask(Gpr.RAX, Gpr.RDI, Gpr.RCX));
    assertThat(decode("f2 ae").form().isString()).isTrue();
  }

  @Test
  void vexForbidsLegacyPrefixesAndRex() {
    assertThat(text("c5 f8 58 c1")).isEqualTo("vaddps xmm0,xmm0,xmm1");
    for (String prefix : new String[] {"66", "f2", "f3", "f0", "48"}) {
      assertThat(isInvalid(prefix + "c5 f8 58 c1")).as(prefix).isTrue();
    }
    assertThat(decode("65 67 c5 f8 58 00").segmentOverride()).isEqualTo(SegmentOverride.GS);
  }

  @Test
  void vexNeedsItsUnusedRegisterFieldToBeEmpty() {
    assertThat(text("c5 f8 28 c1")).isEqualTo("vmovaps xmm0,xmm1");
    assertThat(isInvalid("c5 f0 28 c1")).isTrue();
  }

  @Test
  void vexBitsAreNotInverted() {
    Instruction add = decode("c4 41 34 58 d3");
    assertThat(add.encoding()).isEqualTo(Encoding.VEX3);
    assertThat(add.r()).isTrue();
    assertThat(add.b()).isTrue();
    assertThat(add.x()).isFalse();
    assertThat(add.vvvv()).isEqualTo(9);
    assertThat(add.vectorLengthBytes()).isEqualTo(32);
    assertThat(text("c4 41 34 58 d3")).isEqualTo("vaddps ymm10,ymm9,ymm11");
  }

  @Test
  void gathersAreIndexedByAVectorRegister() {
    Instruction gather = decode("c4 e2 69 90 04 a7");
    assertThat(gather.isVsib()).isTrue();
    assertThat(gather.base()).isEqualTo(Gpr.RDI);
    assertThat(gather.index()).isEqualTo(4);
    assertThat(gather.readsGpr()).isEqualTo(mask(Gpr.RDI));
    assertThat(gather.form().policy()).isEqualTo(Policy.ALLOW);
    assertThat(isInvalid("c4 e2 69 90 07")).as("without SIB").isTrue();
  }

  @Test
  void evexDecodesToItsLengthAndIsRefused() {
    Instruction compare = decode("62 f3 7d 48 3f 42 01 00");
    assertThat(compare.length()).isEqualTo(8);
    assertThat(compare.encoding()).isEqualTo(Encoding.EVEX);
    assertThat(compare.form().policy()).isEqualTo(Policy.REFUSE);
    assertThat(compare.form().refusal()).isEqualTo(Refusal.INVALID_OPCODE);
  }

  @Test
  void opcode8fIsPopOrXop() {
    assertThat(text("8f 00")).isEqualTo("pop QWORD PTR [rax]");
    assertThat(decode("8f e8 78 c2 ec 0e").encoding()).isEqualTo(Encoding.XOP);
    assertThat(decode("8f e8 78 c2 ec 0e").form().policy()).isEqualTo(Policy.REFUSE);
  }

  @Test
  void pushesAndPopsAre64BitsWide() {
    assertThat(decode("50").operandSizeBytes()).isEqualTo(8);
    assertThat(decode("66 50").operandSizeBytes()).isEqualTo(2);
    assertThat(decode("ff 30").memoryBytes()).isEqualTo(8);
    assertThat(decode("6a ff").immediate()).isEqualTo(-1);
    assertThat(decode("41 5b").writesGpr()).isEqualTo(mask(Gpr.R11, Gpr.RSP));
  }

  @Test
  void mmxAndX87UseTheSameState() {
    assertThat(decode("0f 6f c1").form().usesX87()).isTrue();
    assertThat(decode("d9 c0").form().usesX87()).isTrue();
    assertThat(decode("0f 77").form().usesX87()).isTrue();
    assertThat(decode("66 0f 6f c1").form().usesX87()).isFalse();
  }

  @Test
  void refusedInstructionsSayWhatTheProcessorRaises() {
    assertThat(decode("0f 0b").form().refusal()).isEqualTo(Refusal.INVALID_OPCODE);
    assertThat(decode("f4").form().refusal()).isEqualTo(Refusal.GENERAL_PROTECTION);
    assertThat(decode("cc").form().refusal()).isEqualTo(Refusal.BREAKPOINT);
    assertThat(decode("d6").form().refusal()).isEqualTo(Refusal.INVALID_OPCODE);
    assertThat(decode("cc").form().flow()).isEqualTo(Flow.STOP);
  }

  @Test
  void systemInstructionsNeedTheirWholeModrm() {
    assertThat(decode("0f 01 d0").form().mnemonic()).isEqualTo("XGETBV");
    assertThat(decode("0f 01 f9").form().mnemonic()).isEqualTo("RDTSCP");
    assertThat(decode("0f 01 10").form().mnemonic()).isEqualTo("LGDT");
    assertThat(decode("0f ae f0").form().mnemonic()).isEqualTo("MFENCE");
    assertThat(decode("0f ae 30").form().mnemonic()).isEqualTo("XSAVEOPT");
    assertThat(decode("f3 48 0f ae d0").form().mnemonic()).isEqualTo("WRFSBASE");
    assertThat(isInvalid("0f 01 c6")).isTrue();
  }
}
