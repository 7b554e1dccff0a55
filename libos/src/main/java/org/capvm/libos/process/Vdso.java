package org.capvm.libos.process;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.capvm.monitor.gate.CapabilityRoutine;

/**
 * The shared object that Linux maps into every program so that it can read clocks without a system
 * call, and of CapVM's own what guests do with capabilities. One page:
 *
 * <pre>
 *   000  ELF header · 040 program headers (PT_LOAD of everything, PT_DYNAMIC)
 *   0b0  symbols · strings · hash · GNU hash · symbol versions · version definitions · dynamic section
 *   800  functions, 32 bytes apart
 * </pre>
 *
 * <p>The functions' bytes make the system call of the same name. They serve when nothing better is
 * known: normally the code space is told to run a native routine of the monitor at their addresses.
 */
public final class Vdso {
  /** Bytes of the image: one page. */
  public static final int IMAGE_BYTES = 4096;

  /** The functions, in the order of their addresses. */
  public enum Function {
    CLOCK_GETTIME("clock_gettime", 228),
    GETTIMEOFDAY("gettimeofday", 96),
    TIME("time", 201),
    GETCPU("getcpu", 309),
    CLOCK_GETRES("clock_getres", 229),
    CP_FILE_READ("cp_file_read", CapabilityRoutine.CP_FILE_READ.systemCallNumber()),
    CP_FILE_WRITE("cp_file_write", CapabilityRoutine.CP_FILE_WRITE.systemCallNumber()),
    CP_FILE_NOTIFY("cp_file_notify", CapabilityRoutine.CP_FILE_NOTIFY.systemCallNumber()),
    CP_CALL_RETURN("cp_call_return", CapabilityRoutine.CP_CALL_RETURN.systemCallNumber()),
    CP_CALL("cp_call", CapabilityRoutine.CP_CALL.systemCallNumber());

    private final String symbol;
    private final int systemCall;

    Function(String symbol, int systemCall) {
      this.symbol = symbol;
      this.systemCall = systemCall;
    }

    /** Where the function starts, from the start of the image. */
    public int offset() {
      return TEXT + ordinal() * TEXT_STRIDE;
    }
  }

  private static final int TEXT = 0x800;
  private static final int TEXT_STRIDE = 32;
  private static final int HEADER_BYTES = 64;
  private static final int PROGRAM_HEADERS = 2;
  private static final int SYMBOL_BYTES = 24;
  private static final String VERSION = "LINUX_2.6";
  private static final String NAME = "linux-vdso.so.1";

  private static final byte[] MOV_R10_RCX = {0x49, (byte) 0x89, (byte) 0xca};
  private static final byte[] MOV_RDI_RAX = {0x48, (byte) 0x89, (byte) 0xc7};

  private static final short ET_DYN = 3;
  private static final short EM_X86_64 = 62;
  private static final int PT_LOAD = 1;
  private static final int PT_DYNAMIC = 2;
  private static final int PF_READ = 4;
  private static final int PF_READ_EXECUTE = 5;
  private static final int STB_GLOBAL_FUNCTION = 0x12;
  private static final int STB_WEAK_FUNCTION = 0x22;
  private static final short TEXT_SECTION = 1;
  private static final short VERSION_INDEX = 2;
  private static final short VER_FLG_BASE = 1;

  private static final int DT_HASH = 4;
  private static final int DT_STRTAB = 5;
  private static final int DT_SYMTAB = 6;
  private static final int DT_STRSZ = 10;
  private static final int DT_SYMENT = 11;
  private static final int DT_SONAME = 14;
  private static final int DT_GNU_HASH = 0x6ffffef5;
  private static final int DT_VERSYM = 0x6ffffff0;
  private static final int DT_VERDEF = 0x6ffffffc;
  private static final int DT_VERDEFNUM = 0x6ffffffd;

  private final ByteBuffer image = ByteBuffer.allocate(IMAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final ByteArrayOutputStream strings = new ByteArrayOutputStream();

  private Vdso() {}

  /** Builds the image. */
  public static byte[] build() {
    return new Vdso().write();
  }

  private byte[] write() {
    strings.write(0);
    int soname = string(NAME);
    int version = string(VERSION);
    Function[] functions = Function.values();
    int symbolCount = 1 + 2 * functions.length;

    int symbols = HEADER_BYTES + PROGRAM_HEADERS * ElfImage.PROGRAM_HEADER_BYTES;
    image.position(symbols + SYMBOL_BYTES);
    int[] gnuHashes = new int[symbolCount];
    int[] sysvHashes = new int[symbolCount];
    int index = 1;
    for (Function function : functions) {
      for (String prefix : new String[] {"__vdso_", ""}) {
        String name = prefix + function.symbol;
        int binding = prefix.isEmpty() ? STB_WEAK_FUNCTION : STB_GLOBAL_FUNCTION;
        image.putInt(string(name)).put((byte) binding).put((byte) 0).putShort(TEXT_SECTION);
        image.putLong(function.offset()).putLong(TEXT_STRIDE);
        gnuHashes[index] = gnuHash(name);
        sysvHashes[index] = sysvHash(name);
        index++;
      }
    }
    int stringTable = image.position();
    image.put(strings.toByteArray());
    int sysvTable = align();
    writeSysvHash(symbolCount);
    int gnuTable = align();
    writeGnuHash(gnuHashes);
    int versions = align();
    image.putShort((short) 0);
    for (int i = 1; i < symbolCount; i++) {
      image.putShort(VERSION_INDEX);
    }
    int definitions = align();
    writeVersion(VER_FLG_BASE, (short) 1, NAME, soname, true);
    writeVersion((short) 0, VERSION_INDEX, VERSION, version, false);
    int dynamic = align();
    long[] entries = {
      DT_SONAME,
      soname,
      DT_HASH,
      sysvTable,
      DT_GNU_HASH,
      gnuTable,
      DT_STRTAB,
      stringTable,
      DT_SYMTAB,
      symbols,
      DT_STRSZ,
      strings.size(),
      DT_SYMENT,
      SYMBOL_BYTES,
      DT_VERSYM,
      versions,
      DT_VERDEF,
      definitions,
      DT_VERDEFNUM,
      2,
      0,
      0
    };
    for (long entry : entries) {
      image.putLong(entry);
    }
    int dynamicBytes = entries.length * Long.BYTES;
    writeFunctions(functions);
    writeHeaders(dynamic, dynamicBytes);
    return image.array();
  }

  private void writeHeaders(int dynamic, int dynamicBytes) {
    image.position(0);
    image.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0});
    image.position(16);
    image.putShort(ET_DYN).putShort(EM_X86_64).putInt(1);
    image.putLong(TEXT).putLong(HEADER_BYTES).putLong(0);
    image.putInt(0).putShort((short) HEADER_BYTES);
    image.putShort((short) ElfImage.PROGRAM_HEADER_BYTES).putShort((short) PROGRAM_HEADERS);
    image.putShort((short) HEADER_BYTES).putShort((short) 0).putShort((short) 0);
    writeProgramHeader(PT_LOAD, PF_READ_EXECUTE, 0, IMAGE_BYTES, IMAGE_BYTES);
    writeProgramHeader(PT_DYNAMIC, PF_READ, dynamic, dynamicBytes, Long.BYTES);
  }

  private void writeProgramHeader(int type, int flags, long at, long bytes, long alignment) {
    image.putInt(type).putInt(flags).putLong(at).putLong(at).putLong(at);
    image.putLong(bytes).putLong(bytes).putLong(alignment);
  }

  /**
   * {@code mov r10, rcx; mov eax, number; syscall; ret} for each. What exported functions return to
   * passes their result on instead.
   */
  private void writeFunctions(Function[] functions) {
    for (Function function : functions) {
      image.position(function.offset());
      image.put(function == Function.CP_CALL_RETURN ? MOV_RDI_RAX : MOV_R10_RCX);
      image.put((byte) 0xb8).putInt(function.systemCall);
      image.put((byte) 0x0f).put((byte) 0x05).put((byte) 0xc3);
    }
  }

  /** One bucket: a chain through all symbols. */
  private void writeSysvHash(int symbolCount) {
    image.putInt(1).putInt(symbolCount).putInt(1).putInt(0);
    for (int i = 1; i < symbolCount; i++) {
      image.putInt(i + 1 < symbolCount ? i + 1 : 0);
    }
  }

  /** One bucket, and a Bloom filter that lets everything through. */
  private void writeGnuHash(int[] hashes) {
    image.putInt(1).putInt(1).putInt(1).putInt(0).putLong(-1).putInt(1);
    for (int i = 1; i < hashes.length; i++) {
      boolean last = i == hashes.length - 1;
      image.putInt(last ? hashes[i] | 1 : hashes[i] & ~1);
    }
  }

  private void writeVersion(
      short flags, short versionIndex, String name, int nameOffset, boolean another) {
    int verdefBytes = 20;
    int verdauxBytes = 8;
    image.putShort((short) 1).putShort(flags).putShort(versionIndex).putShort((short) 1);
    image.putInt(sysvHash(name)).putInt(verdefBytes);
    image.putInt(another ? verdefBytes + verdauxBytes : 0);
    image.putInt(nameOffset).putInt(0);
  }

  private int string(String text) {
    int offset = strings.size();
    strings.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    strings.write(0);
    return offset;
  }

  private int align() {
    image.position((image.position() + 7) & -8);
    return image.position();
  }

  /** The hash function of the System V ABI. */
  static int sysvHash(String name) {
    int hash = 0;
    for (int i = 0; i < name.length(); i++) {
      hash = (hash << 4) + name.charAt(i);
      int top = hash & 0xf0000000;
      hash ^= top >>> 24;
      hash &= ~top;
    }
    return hash;
  }

  /** The hash function of {@code DT_GNU_HASH}. */
  static int gnuHash(String name) {
    int hash = 5381;
    for (int i = 0; i < name.length(); i++) {
      hash = hash * 33 + name.charAt(i);
    }
    return hash;
  }
}
