package org.capvm.libos.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.memory.AddressLayout;

/**
 * What the headers of an ELF file ask a loader to do. Reading one checks everything that could make
 * loading go wrong later, so that a bad file costs an errno and never a half-loaded program.
 *
 * @param positionIndependent whether it is {@code ET_DYN}
 * @param entry address to start at, before relocation
 * @param headersAddress address of the program headers in memory, before relocation, or 0 if they
 *     are not loaded
 * @param headerCount how many program headers there are
 * @param interpreter the program that loads this one, or null
 * @param segments what to map, by address
 * @param executableStack whether the program asks for a stack it can execute
 */
public record ElfImage(
    boolean positionIndependent,
    long entry,
    long headersAddress,
    int headerCount,
    String interpreter,
    List<Segment> segments,
    boolean executableStack) {

  /** Bytes of a program header. */
  public static final int PROGRAM_HEADER_BYTES = 56;

  private static final int HEADER_BYTES = 64;
  private static final int PATH_MAX = 4096;
  private static final int HEADERS_MAX = 65536;

  private static final int ELF_MAGIC = 0x464c457f;
  private static final int ELFCLASS64 = 2;
  private static final int ELFDATA2LSB = 1;
  private static final int ET_EXEC = 2;
  private static final int ET_DYN = 3;
  private static final int EM_X86_64 = 62;
  private static final int PT_LOAD = 1;
  private static final int PT_INTERP = 3;
  private static final int PT_PHDR = 6;
  private static final int PT_GNU_STACK = 0x6474e551;
  private static final int PF_X = 1;

  /**
   * A part of the file that goes to memory ({@code PT_LOAD}).
   *
   * @param address before relocation; congruent to {@code offset} modulo the page size
   * @param offset in the file
   * @param fileBytes how much comes from the file
   * @param memoryBytes how much there is in memory; the rest is zero
   * @param flags {@code PF_} bits
   * @param alignment power of two, at least a page
   */
  public record Segment(
      long address, long offset, long fileBytes, long memoryBytes, int flags, long alignment) {

    /** {@code PROT_} bits: ELF has the same three in the opposite order. */
    public int protection() {
      return ((flags & 4) >> 2) | (flags & 2) | ((flags & 1) << 2);
    }

    /** One past the last byte in memory, before relocation. */
    public long end() {
      return address + memoryBytes;
    }
  }

  /** Where a file's bytes come from. */
  @FunctionalInterface
  public interface Source {
    /** Reads up to a number of bytes at a position; fewer at the end of the file. */
    int read(long position, byte[] target, int lengthBytes);
  }

  /**
   * Reads the headers.
   *
   * @param notElf the error for a file that is none of ours: ENOEXEC for a program, ELIBBAD for its
   *     interpreter
   * @throws ErrnoException that error; ENOEXEC, EINVAL or ENOMEM for headers that lie
   */
  public static ElfImage read(Source source, int notElf) {
    ByteBuffer header = readExactly(source, 0, HEADER_BYTES, notElf);
    int type = header.getShort(16);
    boolean ours =
        header.getInt(0) == ELF_MAGIC
            && header.get(4) == ELFCLASS64
            && header.get(5) == ELFDATA2LSB
            && (type == ET_EXEC || type == ET_DYN)
            && header.getShort(18) == EM_X86_64;
    if (!ours) {
      throw ErrnoException.of(notElf);
    }
    int count = Short.toUnsignedInt(header.getShort(56));
    int size = count * PROGRAM_HEADER_BYTES;
    if (header.getShort(54) != PROGRAM_HEADER_BYTES || size == 0 || size > HEADERS_MAX) {
      throw ErrnoException.of(notElf);
    }
    long headersOffset = header.getLong(32);
    ByteBuffer headers = readExactly(source, headersOffset, size, notElf);
    return new Parser(source, headers, count, headersOffset, notElf)
        .parse(type == ET_DYN, header.getLong(24));
  }

  /** Lowest address, page-aligned, before relocation. */
  public long lowest() {
    return AddressLayout.pageDown(segments.getFirst().address());
  }

  /** One past the highest address, page-aligned, before relocation. */
  public long highest() {
    return AddressLayout.pageUp(segments.getLast().end());
  }

  /** The largest alignment any segment asks for. */
  public long alignment() {
    long largest = AddressLayout.PAGE;
    for (Segment segment : segments) {
      largest = Math.max(largest, segment.alignment());
    }
    return largest;
  }

  private static ByteBuffer readExactly(Source source, long position, int length, int error) {
    if (position < 0 || position > Long.MAX_VALUE - length) {
      throw ErrnoException.of(error);
    }
    byte[] bytes = new byte[length];
    if (source.read(position, bytes, length) != length) {
      throw ErrnoException.of(error);
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static final class Parser {
    private final Source source;
    private final ByteBuffer headers;
    private final int count;
    private final long headersOffset;
    private final int notElf;
    private final List<Segment> segments = new ArrayList<>();
    private String interpreter;
    private long headersAddress;
    private boolean executableStack;

    Parser(Source source, ByteBuffer headers, int count, long headersOffset, int notElf) {
      this.source = source;
      this.headers = headers;
      this.count = count;
      this.headersOffset = headersOffset;
      this.notElf = notElf;
    }

    ElfImage parse(boolean positionIndependent, long entry) {
      for (int i = 0; i < count; i++) {
        parseHeader(i * PROGRAM_HEADER_BYTES);
      }
      if (segments.isEmpty()) {
        throw ErrnoException.of(notElf == Errno.ENOEXEC ? Errno.EINVAL : notElf);
      }
      if (headersAddress == 0) {
        headersAddress = loadedAddressOf(headersOffset);
      }
      return new ElfImage(
          positionIndependent,
          entry,
          headersAddress,
          count,
          interpreter,
          List.copyOf(segments),
          executableStack);
    }

    private void parseHeader(int at) {
      int type = headers.getInt(at);
      int flags = headers.getInt(at + 4);
      long offset = headers.getLong(at + 8);
      long address = headers.getLong(at + 16);
      long fileBytes = headers.getLong(at + 32);
      switch (type) {
        case PT_LOAD ->
            addSegment(
                address,
                offset,
                fileBytes,
                headers.getLong(at + 40),
                flags,
                headers.getLong(at + 48));
        case PT_INTERP -> {
          if (interpreter == null) {
            interpreter = readInterpreter(offset, fileBytes);
          }
        }
        case PT_PHDR -> headersAddress = address;
        case PT_GNU_STACK -> executableStack = (flags & PF_X) != 0;
        default -> {
          // Of no concern to a loader.
        }
      }
    }

    private void addSegment(
        long address, long offset, long fileBytes, long memoryBytes, int flags, long alignment) {
      if (memoryBytes == 0) {
        return;
      }
      boolean sizes = fileBytes >= 0 && memoryBytes > 0 && fileBytes <= memoryBytes && offset >= 0;
      boolean range =
          address >= 0
              && memoryBytes <= AddressLayout.END
              && address <= AddressLayout.END - memoryBytes
              && offset <= Long.MAX_VALUE - AddressLayout.END;
      if (!sizes || !range) {
        throw ErrnoException.of(range ? Errno.EINVAL : Errno.ENOMEM);
      }
      if (!AddressLayout.isPageAligned(address - offset)) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      if (!segments.isEmpty() && address < segments.getLast().end()) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      boolean usable =
          Long.bitCount(alignment) == 1
              && alignment > AddressLayout.PAGE
              && alignment <= AddressLayout.CODE_END;
      segments.add(
          new Segment(
              address,
              offset,
              fileBytes,
              memoryBytes,
              flags,
              usable ? alignment : AddressLayout.PAGE));
    }

    private String readInterpreter(long offset, long fileBytes) {
      if (fileBytes < 2 || fileBytes > PATH_MAX) {
        throw ErrnoException.of(Errno.ENOEXEC);
      }
      byte[] name = readExactly(source, offset, (int) fileBytes, Errno.ENOEXEC).array();
      if (name[name.length - 1] != 0) {
        throw ErrnoException.of(Errno.ENOEXEC);
      }
      int length = 0;
      while (name[length] != 0) {
        length++;
      }
      return new String(name, 0, length, StandardCharsets.ISO_8859_1);
    }

    private long loadedAddressOf(long offset) {
      for (Segment segment : segments) {
        if (offset >= segment.offset() && offset < segment.offset() + segment.fileBytes()) {
          return segment.address() + (offset - segment.offset());
        }
      }
      return 0;
    }
  }
}
