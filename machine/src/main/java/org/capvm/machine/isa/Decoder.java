package org.capvm.machine.isa;

import java.util.Objects;

/**
 * Decodes x86-64 machine code, one instruction at a time.
 *
 * <p>Where Intel and AMD processors differ or the manuals call an encoding reserved, it is {@link
 * InstructionForm#INVALID}: branches with an operand size of 16 bits, FS together with GS, F2 and
 * F3 on instructions they say nothing about.
 *
 * <p>Stateless; any thread may decode at any time.
 */
public final class Decoder {
  /** No instruction is longer; the processor raises {@code #GP} for one that would be. */
  public static final int MAX_LENGTH = 15;

  private Decoder() {}

  /**
   * Decodes the instruction at {@code offset}.
   *
   * @param code bytes of which {@code offset} to {@code limit - 1} are looked at, never more than
   *     {@link #MAX_LENGTH}
   * @return the instruction. If its form is {@link InstructionForm#INVALID} or {@link
   *     InstructionForm#TRUNCATED}, its length is the number of bytes examined, and nothing else
   *     about it is meaningful
   * @throws IndexOutOfBoundsException if offset and limit are not a range of {@code code}
   */
  public static Instruction decode(byte[] code, int offset, int limit) {
    Objects.checkFromToIndex(offset, limit, code.length);
    int end = Math.min(limit - offset, MAX_LENGTH) + offset;
    int prefixes = 0;
    for (int position = offset; position < end; position++) {
      int b = code[position] & 0xff;
      int more = Prefixes.with(prefixes, b);
      if (more < 0) {
        return afterPrefixes(code, offset, position, end, limit, prefixes);
      }
      prefixes = more;
    }
    return cut(offset, end, limit);
  }

  private static Instruction afterPrefixes(
      byte[] code, int offset, int position, int end, int limit, int prefixes) {
    int b = code[position] & 0xff;
    if (b == 0x0f) {
      return afterEscape(code, offset, position + 1, end, limit, prefixes);
    }
    boolean xop = b == 0x8f && position + 1 < end && (code[position + 1] & 0x1f) >= 8;
    if (b == 0xc5 || b == 0xc4 || b == 0x62 || xop) {
      return afterVectorPrefix(code, offset, position, end, limit, prefixes);
    }
    return atOpcode(code, offset, position, end, limit, prefixes);
  }

  private static Instruction afterEscape(
      byte[] code, int offset, int position, int end, int limit, int prefixes) {
    if (position == end) {
      return cut(offset, end, limit);
    }
    int map = 1;
    int opcodePosition = position;
    int b = code[position] & 0xff;
    if (b == 0x38 || b == 0x3a) {
      map = b == 0x38 ? 2 : 3;
      opcodePosition++;
      if (opcodePosition == end) {
        return cut(offset, end, limit);
      }
    }
    int withMap = Prefixes.withMap(prefixes, Encoding.LEGACY, map, 0, 0, 0);
    return atOpcode(code, offset, opcodePosition, end, limit, withMap);
  }

  /** Decodes from a VEX, EVEX or XOP prefix on. */
  private static Instruction afterVectorPrefix(
      byte[] code, int offset, int position, int end, int limit, int prefixes) {
    int first = code[position] & 0xff;
    int payloadBytes = first == 0xc5 ? 1 : first == 0x62 ? 3 : 2;
    int opcodePosition = position + 1 + payloadBytes;
    if (opcodePosition >= end) {
      return cut(offset, end, limit);
    }
    int forbidden =
        Prefixes.LOCK | Prefixes.REP | Prefixes.REPNE | Prefixes.OPERAND_SIZE | Prefixes.REX;
    if ((prefixes & forbidden) != 0) {
      return invalid(opcodePosition - offset);
    }
    int registerBits = ~code[position + 1];
    int control = code[position + Math.min(payloadBytes, 2)];
    Encoding encoding =
        switch (first) {
          case 0xc5 -> Encoding.VEX2;
          case 0xc4 -> Encoding.VEX3;
          case 0x62 -> Encoding.EVEX;
          default -> Encoding.XOP;
        };
    int bits = (registerBits & 0x80) != 0 ? Prefixes.R : 0;
    int map = 1;
    int vectorLength = control >> 2 & 1;
    if (encoding != Encoding.VEX2) {
      bits |= (registerBits & 0x40) != 0 ? Prefixes.X : 0;
      bits |= (registerBits & 0x20) != 0 ? Prefixes.B : 0;
      bits |= (control & 0x80) != 0 ? Prefixes.W : 0;
      map = code[position + 1] & (encoding == Encoding.EVEX ? 0x07 : 0x1f);
    }
    if (encoding == Encoding.EVEX) {
      boolean reservedBits = (code[position + 1] & 0x08) != 0 || (control & 0x04) == 0;
      if (reservedBits) {
        return invalid(opcodePosition - offset);
      }
      vectorLength = code[position + 3] >> 5 & 3;
    }
    if (map > InstructionTable.LAST_MAP) {
      return invalid(opcodePosition - offset);
    }
    int vvvv = ~control >> 3 & 15;
    int withMap = Prefixes.withMap(prefixes | bits, encoding, map, control & 3, vectorLength, vvvv);
    return atOpcode(code, offset, opcodePosition, end, limit, withMap);
  }

  private static Instruction atOpcode(
      byte[] code, int offset, int position, int end, int limit, int prefixes) {
    int opcode = code[position] & 0xff;
    InstructionForm[] forms =
        InstructionTable.forms(
            Prefixes.encoding(prefixes).family(), Prefixes.map(prefixes), opcode);
    int next = position + 1;
    if (forms.length == 0) {
      return invalid(next - offset);
    }
    int modrm = 0;
    boolean hasModrm = forms[0].pattern().hasModrm();
    if (hasModrm) {
      if (next == end) {
        return cut(offset, end, limit);
      }
      modrm = code[next++] & 0xff;
    }
    InstructionForm form = match(forms, prefixes, modrm);
    if (form == null) {
      return invalid(next - offset);
    }
    long layout = InstructionLayout.opcode(opcode, position - offset);
    long displacement = 0;
    if (hasModrm) {
      layout |= InstructionLayout.modrm(modrm, position + 1 - offset);
      int displacementBytes = 0;
      if (modrm < 0xc0) {
        int base = modrm & 7;
        if (base == 4) {
          if (next == end) {
            return cut(offset, end, limit);
          }
          int sib = code[next++] & 0xff;
          layout |= InstructionLayout.sib(sib);
          base = sib & 7;
        }
        int mod = modrm >> 6;
        displacementBytes = mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0;
      }
      if (next + displacementBytes > end) {
        return cut(offset, end, limit);
      }
      displacement = signed(code, next, displacementBytes);
      layout |= InstructionLayout.displacement(next - offset, displacementBytes);
      next += displacementBytes;
    }
    ImmediateLayout immediateLayout = form.pattern().immediate();
    long immediate = 0;
    if (immediateLayout != ImmediateLayout.NONE) {
      int bytes =
          immediateLayout.bytes(
              Instruction.operandSizeBytes(prefixes, form), Instruction.addressSizeBytes(prefixes));
      if (next + bytes > end) {
        return cut(offset, end, limit);
      }
      long value = signed(code, next, bytes);
      if (immediateLayout == ImmediateLayout.ADDRESS) {
        displacement = bytes == 4 ? value & 0xffff_ffffL : value;
        layout |= InstructionLayout.displacement(next - offset, bytes);
      } else {
        immediate =
            form.signedImmediate() || bytes == 8 ? value : value & ((1L << (8 * bytes)) - 1);
        layout |= InstructionLayout.immediate(next - offset, bytes);
      }
      next += bytes;
    }
    return new Instruction(
        form, prefixes, layout | InstructionLayout.length(next - offset), displacement, immediate);
  }

  /** The first row that matches and accepts the prefixes, or null. */
  private static InstructionForm match(InstructionForm[] forms, int prefixes, int modrm) {
    int key = EncodingPattern.key(prefixes, modrm);
    for (InstructionForm form : forms) {
      if (form.pattern().matches(key)) {
        return accepts(form, prefixes, modrm) ? form : null;
      }
    }
    return null;
  }

  private static boolean accepts(InstructionForm form, int prefixes, int modrm) {
    int unusual = Prefixes.LOCK | Prefixes.REP | Prefixes.REPNE;
    if ((prefixes & unusual) == 0) {
      return true;
    }
    boolean locked = (prefixes & Prefixes.LOCK) != 0;
    boolean repeated = (prefixes & (Prefixes.REP | Prefixes.REPNE)) != 0;
    boolean memory = form.pattern().hasModrm() && modrm < 0xc0;
    return (!locked || (form.lockable() && memory))
        && (!repeated
            || form.pattern().mandatoryPrefix()
            || form.acceptsRepeat((prefixes & Prefixes.REP) != 0, locked, memory));
  }

  private static long signed(byte[] code, int position, int bytes) {
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = value << 8 | (i == bytes - 1 ? code[position + i] : code[position + i] & 0xff);
    }
    return value;
  }

  private static Instruction cut(int offset, int end, int limit) {
    boolean atLimit = end == limit && end - offset < MAX_LENGTH;
    return unmatched(atLimit ? InstructionForm.TRUNCATED : InstructionForm.INVALID, end - offset);
  }

  private static Instruction invalid(int length) {
    return unmatched(InstructionForm.INVALID, length);
  }

  private static Instruction unmatched(InstructionForm form, int length) {
    return new Instruction(form, 0, InstructionLayout.length(length), 0, 0);
  }
}
