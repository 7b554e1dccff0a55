package org.capvm.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.Test;

/** How far a region of guest code goes. */
class RegionTest {
  private static final long START = 0x400000;
  private static final int MAX_BYTES = 4096;
  private static final int MAX_INSTRUCTIONS = 1024;

  private static final byte NOP = (byte) 0x90;
  private static final byte RET = (byte) 0xc3;
  private static final byte[] LONG_NOP = {0x0f, 0x1f, (byte) 0x84, 0, 0, 0, 0, 0};
  private static final LongPredicate NOTHING = pc -> false;

  @Test
  void aRegionHasAtMost1024Instructions() {
    byte[] code = nops(MAX_INSTRUCTIONS + 10);
    Region region = decode(code, NOTHING);
    assertThat(region.steps()).hasSize(MAX_INSTRUCTIONS);
    assertThat(region.steps().getLast().end()).isEqualTo(Region.End.OPEN);
  }

  @Test
  void noBranchIsFollowedOutOf1024Instructions() {
    byte[] code = nops(MAX_INSTRUCTIONS + 20);
    int ret = branchTo(code, MAX_INSTRUCTIONS + 10) + MAX_INSTRUCTIONS - 2;
    code[ret] = RET;
    Region region = decode(code, NOTHING);
    assertThat(region.steps()).hasSize(MAX_INSTRUCTIONS);
    assertThat(region.steps().getLast().offset()).isEqualTo(ret);
    code[ret - 1] = 0x66; // of one instruction less the branch is followed
    code[ret] = NOP;
    code[ret - 2] = RET;
    assertThat(decode(code, NOTHING).contains(START + MAX_INSTRUCTIONS + 10)).isTrue();
  }

  @Test
  void noInstructionBeginsAfter4096Bytes() {
    Region region = decode(longNops(MAX_BYTES / LONG_NOP.length + 2), NOTHING);
    assertThat(region.end()).isEqualTo(START + MAX_BYTES);
    assertThat(region.steps().getLast().end()).isEqualTo(Region.End.OPEN);
  }

  @Test
  void anInstructionMayEndAfter4096Bytes() {
    byte[] code = longNops(MAX_BYTES / LONG_NOP.length + 2);
    System.arraycopy(code, LONG_NOP.length, code, 2 * LONG_NOP.length - 1, MAX_BYTES);
    Arrays.fill(code, LONG_NOP.length, 2 * LONG_NOP.length - 1, NOP);
    assertThat(decode(code, NOTHING).end()).isEqualTo(START + MAX_BYTES + LONG_NOP.length - 1);
  }

  @Test
  void aBranchIsFollowedUpToThe4096thByte() {
    byte[] code = longNops(MAX_BYTES / LONG_NOP.length + 2);
    int last = branchTo(code, MAX_BYTES);
    Arrays.fill(code, last, LONG_NOP.length, NOP);
    code[MAX_BYTES - LONG_NOP.length] = RET;
    Region region = decode(code, NOTHING);
    assertThat(region.contains(START + MAX_BYTES)).isFalse();
    assertThat(region.end()).isEqualTo(START + MAX_BYTES - LONG_NOP.length + 1);
    code[MAX_BYTES - 1] = NOP;
    branchTo(code, MAX_BYTES - 1);
    assertThat(decode(code, NOTHING).end()).isEqualTo(START + MAX_BYTES);
  }

  @Test
  void aRegionEndsWhereThereIsATranslation() {
    byte[] code = nops(20);
    Region region = decode(code, pc -> pc == START + 7);
    assertThat(region.end()).isEqualTo(START + 7);
    assertThat(region.steps().getLast().end()).isEqualTo(Region.End.OPEN);
    int ret = branchTo(code, 12);
    code[ret] = RET;
    assertThat(decode(code, pc -> pc == START + 12).end()).isEqualTo(START + ret + 1);
  }

  @Test
  void whereNothingCanBeReadThereIsNoTranslation() {
    assertThat(decode(new byte[0], NOTHING)).isNull();
    assertThat(new Translator(0).translate(new Bytes(new byte[0]), START, NOTHING)).isNull();
  }

  private static Region decode(byte[] code, LongPredicate translated) {
    return Region.decode(new Bytes(code), START, translated);
  }

  private static byte[] nops(int count) {
    byte[] code = new byte[count];
    Arrays.fill(code, NOP);
    return code;
  }

  private static byte[] longNops(int count) {
    byte[] code = new byte[count * LONG_NOP.length];
    for (int i = 0; i < code.length; i++) {
      code[i] = LONG_NOP[i % LONG_NOP.length];
    }
    return code;
  }

  /** Puts {@code je} to an offset at the start, and returns where it ends. */
  private static int branchTo(byte[] code, int offset) {
    int end = 6;
    code[0] = 0x0f;
    code[1] = (byte) 0x84;
    for (int i = 0; i < 4; i++) {
      code[2 + i] = (byte) ((offset - end) >> (8 * i));
    }
    return end;
  }

  /** Code at the start, and nothing behind it. */
  private record Bytes(byte[] bytes) implements CodeSource {
    @Override
    public boolean contains(long guestAddress) {
      return guestAddress >= START && guestAddress < START + bytes.length;
    }

    @Override
    public int read(long guestAddress, byte[] target) {
      int length = Math.min(target.length, bytes.length);
      System.arraycopy(bytes, 0, target, 0, length);
      return length;
    }
  }
}
