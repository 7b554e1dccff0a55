package org.capvm.machine.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.capvm.machine.isa.EncodingGenerator.Opcode;
import org.capvm.machine.isa.ObjdumpComparison.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random instructions of every row, and random bytes of no row, read by the decoder and by objdump.
 */
class GeneratedEncodingsTest {
  private static final long SEED = 20_25_11_23;
  private static final int PER_ROW = 40;

  /**
   * Rows that stand for all opcodes of a map (EVEX, XOP) are checked for their length at fewer of
   * them.
   */
  private static final int PER_OPCODE_OF_A_WHOLE_MAP = 4;

  private static final int PER_OPCODE_WITHOUT_ROW = 40;

  @TempDir Path directory;

  @Test
  void everyRowCanBeReachedAndReadsAsObjdumpReadsIt() throws Exception {
    EncodingGenerator generator = new EncodingGenerator(SEED);
    Map<InstructionForm, Boolean> reached = new IdentityHashMap<>();
    List<byte[]> cells = new ArrayList<>();
    for (Opcode opcode : EncodingGenerator.opcodes()) {
      boolean wholeMap = opcode.encoding() == Encoding.EVEX || opcode.encoding() == Encoding.XOP;
      int count = wholeMap ? PER_OPCODE_OF_A_WHOLE_MAP : PER_ROW;
      cells.addAll(generator.matching(opcode, count, 60_000, reached));
    }
    assertThat(InstructionTable.all()).allSatisfy(form -> assertThat(reached).containsKey(form));
    assertThat(differences(cells)).isEmpty();
  }

  @Test
  void bytesThatNoRowDescribesAreInvalidToObjdumpToo() throws Exception {
    EncodingGenerator generator = new EncodingGenerator(SEED);
    List<byte[]> cells = new ArrayList<>();
    for (Opcode opcode : EncodingGenerator.opcodes()) {
      cells.addAll(generator.invalid(opcode, PER_OPCODE_WITHOUT_ROW, 10 * PER_OPCODE_WITHOUT_ROW));
    }
    assertThat(differences(cells)).isEmpty();
  }

  @Test
  void anInstructionCutShortIsTruncatedWhereverItIsCut() {
    EncodingGenerator generator = new EncodingGenerator(SEED);
    for (Opcode opcode : EncodingGenerator.opcodes()) {
      for (byte[] cell : generator.matching(opcode, 4, 2_000, new IdentityHashMap<>())) {
        int length = Decoder.decode(cell, 0, EncodingGenerator.RANDOM_BYTES).length();
        for (int limit = 0; limit < length; limit++) {
          Instruction cut = Decoder.decode(cell, 0, limit);
          assertThat(cut.form()).isSameAs(InstructionForm.TRUNCATED);
          assertThat(cut.length()).isEqualTo(limit);
        }
      }
    }
  }

  private List<String> differences(List<byte[]> cells) throws IOException, InterruptedException {
    Path file = directory.resolve("cells");
    try (OutputStream stream = new BufferedOutputStream(Files.newOutputStream(file))) {
      for (byte[] cell : cells) {
        stream.write(cell);
      }
    }
    List<String> differences = new ArrayList<>();
    int[] compared = {0};
    Objdump.disassemble(
        line -> {
          if (line.address() % EncodingGenerator.CELL_BYTES == 0) {
            byte[] cell = cells.get((int) (line.address() / EncodingGenerator.CELL_BYTES));
            byte[] random = Arrays.copyOf(cell, EncodingGenerator.RANDOM_BYTES);
            compared[0]++;
            if (ObjdumpComparison.compare(line, random) == Verdict.DIFFERENT) {
              differences.add(ObjdumpComparison.describe(line));
            }
          }
        },
        "-D",
        "-z",
        "-b",
        "binary",
        "-m",
        "i386:x86-64",
        file.toString());
    assertThat(compared[0]).isEqualTo(cells.size());
    return differences;
  }
}
