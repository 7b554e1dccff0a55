package org.capvm.machine.host;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.capvm.machine.layout.ContextLayout;

/**
 * A block of memory that every thread of the process has, at one distance from its FS base.
 *
 * <p>The dynamic linker gives such blocks to libraries, so a library is loaded that is nothing
 * else: an ELF file of one thread-local section, and of one relocation (R_X86_64_TPOFF64, psABI for
 * x86-64, 4.4) that has the linker write the distance into a word. Threads: any.
 */
@SuppressWarnings("restricted")
public final class ThreadLocalBlock {
  /** Bytes of the block, which is aligned to a line of the cache. Zero in a new thread. */
  static final int BYTES = ContextLayout.THREAD_END - ContextLayout.THREAD_START;

  private static final int ALIGNMENT = 64;

  /** The word's name, of one letter. */
  private static final String WORD = "d";

  // Where the parts of the file are; it is loaded at the same offsets.
  private static final int SEGMENTS_AT = 64;
  private static final int DYNAMIC_AT = SEGMENTS_AT + 4 * 56;
  private static final int DYNAMIC_BYTES = 9 * 16;
  private static final int HASH_AT = DYNAMIC_AT + DYNAMIC_BYTES;
  private static final int SYMBOLS_AT = HASH_AT + 3 * 8;
  private static final int RELOCATION_AT = SYMBOLS_AT + 2 * 24;
  private static final int NAME_AT = RELOCATION_AT + 24;
  private static final int WORD_AT = NAME_AT + 8;
  private static final int FILE_BYTES = WORD_AT + 8;
  private static final int BLOCK_AT = 576;

  private static final long[][] FILE = {
    // ELF header: 64 bits, little-endian, ET_DYN, EM_X86_64; program headers: where and how many
    {0x0001_0102_464C_457FL, 0, 0x1_003E_0003L, 0, SEGMENTS_AT, 0, 0x38_0040_0000_0000L, 4},
    // PT_LOAD, PT_DYNAMIC, PT_TLS, and PT_GNU_STACK without execution
    {0x6_0000_0001L, 0, 0, 0, FILE_BYTES, FILE_BYTES, 4096},
    {0x6_0000_0002L, DYNAMIC_AT, DYNAMIC_AT, DYNAMIC_AT, DYNAMIC_BYTES, DYNAMIC_BYTES, 8},
    {0x4_0000_0007L, BLOCK_AT, BLOCK_AT, BLOCK_AT, 0, BYTES, ALIGNMENT},
    {0x6_6474_E551L, 0, 0, 0, 0, 0, 0},
    // DT_HASH, SYMTAB, STRTAB, STRSZ, SYMENT, RELA, RELASZ, RELAENT, NULL
    {4, HASH_AT, 6, SYMBOLS_AT, 5, NAME_AT, 10, 8, 11, 24},
    {7, RELOCATION_AT, 8, 24, 9, 24, 0, 0},
    // hash table: one bucket, with symbol 1
    {0x2_0000_0001L, 1, 0},
    // symbol 0; symbol 1: a global object with the first name, the word
    {0, 0, 0},
    {0x1_0011_0000_0001L, WORD_AT, Long.BYTES},
    // R_X86_64_TPOFF64 of this library's own block, into the word
    {WORD_AT, 18, 0},
    // the name; the word
    {WORD.charAt(0) << 8, 0}
  };

  private static int distance;

  private ThreadLocalBlock() {}

  /**
   * What to add to a thread's FS base to get the address of its block.
   *
   * @throws IllegalArgumentException if the dynamic linker has no room left in the memory that it
   *     sets aside for this
   */
  public static synchronized int distance() {
    if (distance == 0) {
      distance = load();
    }
    return distance;
  }

  private static int load() {
    ByteBuffer file = ByteBuffer.allocate(FILE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long[] row : FILE) {
      for (long each : row) {
        file.putLong(each);
      }
    }
    int descriptor = HostMemory.memfdCreate("thread-local", HostMemory.MFD_CLOEXEC);
    String path = "/proc/self/fd/" + descriptor;
    try {
      Files.write(Path.of(path), file.array());
      MemorySegment word = SymbolLookup.libraryLookup(path, Arena.global()).findOrThrow(WORD);
      return Math.toIntExact(word.reinterpret(Long.BYTES).get(JAVA_LONG, 0));
    } catch (IOException unwritable) {
      throw new UncheckedIOException(unwritable);
    } finally {
      HostMemory.close(descriptor);
    }
  }
}
