package org.capvm.machine.assemble;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.capvm.machine.layout.Gpr;

/**
 * The lower half of {@link Assembler}: the buffer, labels, and how prefixes, ModRM, SIB and
 * displacement are put together.
 */
abstract sealed class Encoder permits Assembler {
  static final int NO_PREFIX = 0;
  private static final int PREFIX_67 = 0x67;

  private byte[] buffer = new byte[256];
  private int position;
  private final List<LabelFixup> labelFixups = new ArrayList<>();
  private final List<HostFixup> hostFixups = new ArrayList<>();

  /**
   * A relative displacement of 1 or 4 bytes, counted from its own end, that waits for its label.
   */
  private record LabelFixup(int position, int sizeBytes, Label label) {}

  /** A relative displacement of 4 bytes that waits for the code's own host address. */
  private record HostFixup(int position, long hostTarget) {}

  /** Bytes emitted so far: the offset of the next instruction. */
  public int position() {
    return position;
  }

  /** Binds a label to the next instruction. */
  public void bind(Label label) {
    label.bind(position);
  }

  /** Makes a label that is bound to the next instruction. */
  public Label here() {
    Label label = new Label();
    bind(label);
    return label;
  }

  /**
   * The finished code.
   *
   * @param hostAddress where it will run: its first byte's address
   * @throws IllegalStateException if a branch's label was never bound, or its target is out of
   *     reach
   */
  public byte[] assembleAt(long hostAddress) {
    for (LabelFixup fixup : labelFixups) {
      int distance = fixup.label().offset() - (fixup.position() + fixup.sizeBytes());
      if (fixup.sizeBytes() == 1) {
        if (distance != (byte) distance) {
          throw new IllegalStateException(
              "label is " + distance + " bytes away from a short branch");
        }
        buffer[fixup.position()] = (byte) distance;
      } else {
        patch32(fixup.position(), distance);
      }
    }
    for (HostFixup fixup : hostFixups) {
      long distance = fixup.hostTarget() - (hostAddress + fixup.position() + 4);
      if (distance != (int) distance) {
        throw new IllegalStateException(
            "0x" + Long.toHexString(fixup.hostTarget()) + " is out of a direct branch's reach");
      }
      patch32(fixup.position(), (int) distance);
    }
    return Arrays.copyOf(buffer, position);
  }

  // ---- raw bytes

  /** Emits one byte. */
  public void byte8(int value) {
    if (position == buffer.length) {
      buffer = Arrays.copyOf(buffer, 2 * buffer.length);
    }
    buffer[position++] = (byte) value;
  }

  /** Emits bytes as they are. */
  public void bytes(byte[] source, int offset, int lengthBytes) {
    while (position + lengthBytes > buffer.length) {
      buffer = Arrays.copyOf(buffer, 2 * buffer.length);
    }
    System.arraycopy(source, offset, buffer, position, lengthBytes);
    position += lengthBytes;
  }

  /** Emits bytes given as numbers. */
  public void bytes(int... values) {
    for (int value : values) {
      byte8(value);
    }
  }

  /** Emits four bytes, little-endian. */
  public void int32(int value) {
    byte8(value);
    byte8(value >> 8);
    byte8(value >> 16);
    byte8(value >> 24);
  }

  /** Emits eight bytes, little-endian. */
  public void int64(long value) {
    int32((int) value);
    int32((int) (value >>> 32));
  }

  /** Replaces four bytes that were emitted before. */
  public void patch32(int at, int value) {
    buffer[at] = (byte) value;
    buffer[at + 1] = (byte) (value >> 8);
    buffer[at + 2] = (byte) (value >> 16);
    buffer[at + 3] = (byte) (value >> 24);
  }

  /**
   * Emits {@code int3} up to a multiple of {@code alignmentBytes}, a power of two: never run
   * through.
   */
  public void align(int alignmentBytes) {
    while ((position & (alignmentBytes - 1)) != 0) {
      byte8(0xCC);
    }
  }

  // ---- encoding

  final void shortImmediate(int value) {
    if (value == (byte) value) {
      byte8(value);
    } else {
      int32(value);
    }
  }

  final void labelFixup(int sizeBytes, Label label) {
    labelFixups.add(new LabelFixup(position, sizeBytes, label));
    for (int i = 0; i < sizeBytes; i++) {
      byte8(0);
    }
  }

  final void hostFixup(long hostTarget) {
    hostFixups.add(new HostFixup(position, hostTarget));
    int32(0);
  }

  final void rexForRegister(boolean wide, int register) {
    int rex = (wide ? 8 : 0) | register >> 3;
    if (rex != 0) {
      byte8(0x40 | rex);
    }
  }

  private void opcode(int opcode) {
    if (opcode > 0xFF) {
      byte8(opcode >> 8);
    }
    byte8(opcode);
  }

  /** Emits an instruction whose ModRM byte names a register. */
  final void encode(int prefix, boolean wide, int opcode, int reg, int rm) {
    if (prefix != NO_PREFIX) {
      byte8(prefix);
    }
    int rex = (wide ? 8 : 0) | (reg >> 3) << 2 | rm >> 3;
    if (rex != 0) {
      byte8(0x40 | rex);
    }
    opcode(opcode);
    byte8(0xC0 | (reg & 7) << 3 | (rm & 7));
  }

  /** Emits an instruction whose ModRM byte names memory. */
  final void encode(int prefix, boolean wide, int opcode, int reg, Memory memory) {
    legacyPrefixes(prefix, memory);
    int rex = (wide ? 8 : 0) | (reg >> 3) << 2 | high(memory.index()) << 1 | high(memory.base());
    if (rex != 0) {
      byte8(0x40 | rex);
    }
    opcode(opcode);
    modRm(reg, memory);
  }

  /** The same for a byte register: an empty REX prefix makes 4 to 7 mean spl to dil. */
  final void encodeByte(int opcode, int reg, Memory memory) {
    legacyPrefixes(NO_PREFIX, memory);
    int rex = (reg >> 3) << 2 | high(memory.index()) << 1 | high(memory.base());
    if (rex != 0 || reg >= 4) {
      byte8(0x40 | rex);
    }
    opcode(opcode);
    modRm(reg, memory);
  }

  /** Emits VEX.256.F3.0F.WIG. */
  final void encodeVex(int opcode, int reg, Memory memory) {
    legacyPrefixes(NO_PREFIX, memory);
    int notReg = ((reg >> 3) ^ 1) << 7;
    if (high(memory.index()) == 0 && high(memory.base()) == 0) {
      bytes(0xC5, notReg | 0x7E);
    } else {
      bytes(
          0xC4,
          notReg | (high(memory.index()) ^ 1) << 6 | (high(memory.base()) ^ 1) << 5 | 1,
          0x7E);
    }
    byte8(opcode);
    modRm(reg, memory);
  }

  private void legacyPrefixes(int prefix, Memory memory) {
    switch (memory.segment()) {
      case NONE -> {}
      case FS -> byte8(0x64);
      case GS -> byte8(0x65);
    }
    if (memory.addressBits() == 32) {
      byte8(PREFIX_67);
    }
    if (prefix != NO_PREFIX) {
      byte8(prefix);
    }
  }

  private static int high(int register) {
    return register == Gpr.NONE ? 0 : register >> 3;
  }

  private void modRm(int reg, Memory memory) {
    int regBits = (reg & 7) << 3;
    int base = memory.base();
    int index = memory.index();
    int displacement = memory.displacement();
    int scaleBits = Integer.numberOfTrailingZeros(memory.scale()) << 6;
    int indexBits = (index == Gpr.NONE ? 4 : index & 7) << 3;
    if (base == Gpr.NONE) {
      // Without a base the SIB form is needed: the plain one means rip-relative in 64-bit mode.
      bytes(regBits | 4, scaleBits | indexBits | 5);
      int32(displacement);
      return;
    }
    boolean needsSib = index != Gpr.NONE || (base & 7) == 4;
    int mod;
    if (displacement == 0 && (base & 7) != 5) {
      mod = 0;
    } else if (displacement == (byte) displacement) {
      mod = 1;
    } else {
      mod = 2;
    }
    byte8(mod << 6 | regBits | (needsSib ? 4 : base & 7));
    if (needsSib) {
      byte8(scaleBits | indexBits | (base & 7));
    }
    if (mod == 1) {
      byte8(displacement);
    } else if (mod == 2) {
      int32(displacement);
    }
  }
}
