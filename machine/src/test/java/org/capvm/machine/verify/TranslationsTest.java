package org.capvm.machine.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.capvm.machine.code.GateEntries;
import org.capvm.machine.translate.CodeSource;
import org.capvm.machine.translate.Translation;
import org.capvm.machine.translate.Translator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Translator and verifier were written apart from each other; over whole binaries they must agree.
 */
class TranslationsTest {
  private static final long HOST_ADDRESS = 0x7000_0010_0000L;
  private static final GateEntries GATES =
      new GateEntries(
          0x7000_0000_0100L, 0x7000_0000_0200L, 0x7000_0000_0300L, 0x7000_0000_0400L, 0);
  private static final long SEED = 20261123;
  private static final int RANDOM_REGIONS = 50_000;

  /** Prefixes, escapes, and ModRM and SIB bytes that name rsp or r11 or have no base. */
  private static final int[] INTERESTING = {
    0x0f, 0x26, 0x2e, 0x40, 0x41, 0x42, 0x44, 0x48, 0x49, 0x4c, 0x4f, 0x64, 0x65, 0x66, 0x67, 0xc4,
    0xc5, 0xf0, 0xf2, 0xf3, 0x04, 0x24, 0x44, 0x64, 0x84, 0xa4, 0xc4, 0xe4, 0x25, 0x1c, 0x5c, 0x9c,
    0xdc, 0xe3, 0x05, 0x3d, 0x8d, 0x89, 0x8b, 0x38, 0x3a, 0xff, 0xa4, 0xab
  };

  private static final int ELF_SEGMENT_LOAD = 1;
  private static final int ELF_SEGMENT_EXECUTABLE = 1;

  private final Translator translator = new Translator(0);

  /** An executable segment of a file, at a guest address. */
  private record Segment(byte[] bytes, long guestAddress) implements CodeSource {
    long end() {
      return guestAddress + bytes.length;
    }

    @Override
    public boolean contains(long address) {
      return address >= guestAddress && address < end();
    }

    @Override
    public int read(long address, byte[] target) {
      int from = (int) (address - guestAddress);
      int length = Math.min(target.length, bytes.length - from);
      System.arraycopy(bytes, from, target, 0, length);
      return length;
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/lib/x86_64-linux-gnu/libc.so.6",
        "/lib/x86_64-linux-gnu/libm.so.6",
        "/lib/x86_64-linux-gnu/libcrypto.so.3",
        "/lib64/ld-linux-x86-64.so.2",
        "/usr/bin/redis-server",
        "/usr/bin/python3",
        "/usr/sbin/nginx",
        "/usr/bin/gdb"
      })
  void everyTranslationOfAWholeBinaryIsAccepted(String file) throws IOException {
    List<String> refused = new ArrayList<>();
    for (Segment segment : executableSegments(Path.of(file))) {
      refused.addAll(refusals(segment));
    }
    assertThat(refused).isEmpty();
  }

  @Test
  void everyTranslationOfRandomBytesIsAccepted() {
    Random random = new Random(SEED);
    List<String> refused = new ArrayList<>();
    for (int i = 0; i < RANDOM_REGIONS; i++) {
      byte[] bytes = new byte[16 + random.nextInt(48)];
      random.nextBytes(bytes);
      refused.addAll(refusals(new Segment(bytes, 0x400000)));
    }
    assertThat(refused).isEmpty();
  }

  @Test
  void everyTranslationOfRandomInstructionsIsAccepted() throws IOException {
    // Bytes that begin like instructions of the libraries reach far more of the table than noise.
    Random random = new Random(SEED);
    Segment library =
        executableSegments(Path.of("/lib/x86_64-linux-gnu/libcrypto.so.3")).getFirst();
    List<String> refused = new ArrayList<>();
    for (int i = 0; i < RANDOM_REGIONS; i++) {
      int from = random.nextInt(library.bytes().length - 64);
      byte[] bytes = Arrays.copyOfRange(library.bytes(), from, from + 64);
      for (int change = random.nextInt(8); change >= 0; change--) {
        bytes[random.nextInt(64)] =
            (byte)
                (random.nextBoolean()
                    ? random.nextInt(256)
                    : INTERESTING[random.nextInt(INTERESTING.length)]);
      }
      refused.addAll(refusals(new Segment(bytes, 0x400000)));
    }
    assertThat(refused).isEmpty();
  }

  private List<String> refusals(Segment segment) {
    List<String> refused = new ArrayList<>();
    for (long pc = segment.guestAddress(); pc < segment.end(); ) {
      Translation translation = translator.translate(segment, pc, target -> false);
      place(translation);
      long start = pc;
      Verifier.verify(unit(translation))
          .ifPresent(
              violation ->
                  refused.add(
                      "from pc 0x%x: %s in %s"
                          .formatted(
                              start,
                              violation,
                              segment.bytes().length > 64
                                  ? "the file"
                                  : HexFormat.of().formatHex(segment.bytes()))));
      pc = Math.max(pc + 1, translation.highestPc());
    }
    return refused;
  }

  private static void place(Translation translation) {
    ByteBuffer code = ByteBuffer.wrap(translation.code()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < translation.gateSites().sites().length; i++) {
      int site = translation.gateSites().sites()[i];
      long gate = GATES.of(Translation.GateKind.ofOrdinal(translation.gateSites().gates()[i]));
      code.putInt(site, (int) (gate - (HOST_ADDRESS + site + 4)));
    }
  }

  private static TranslationUnit unit(Translation translation) {
    return new TranslationUnit(
        Arrays.copyOf(translation.code(), translation.lengthBytes()),
        HOST_ADDRESS,
        translation.entries().offsets(),
        translation.branches().sites(),
        GATES::contains,
        GATES.threadFields());
  }

  private static List<Segment> executableSegments(Path file) throws IOException {
    ByteBuffer elf = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int headers = (int) elf.getLong(32);
    List<Segment> segments = new ArrayList<>();
    for (int i = 0; i < elf.getShort(56); i++) {
      int header = headers + i * elf.getShort(54);
      if (elf.getInt(header) == ELF_SEGMENT_LOAD
          && (elf.getInt(header + 4) & ELF_SEGMENT_EXECUTABLE) != 0) {
        int offset = (int) elf.getLong(header + 8);
        int length = (int) elf.getLong(header + 32);
        byte[] bytes = Arrays.copyOfRange(elf.array(), offset, offset + length);
        segments.add(new Segment(bytes, 0x10000000L + elf.getLong(header + 16)));
      }
    }
    return segments;
  }
}
