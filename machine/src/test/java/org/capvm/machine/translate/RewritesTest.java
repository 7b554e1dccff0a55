package org.capvm.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each guest instruction of {@code rewrites.txt} becomes the confined code that stands below it.
 */
class RewritesTest {
  private static final long PC = 0x400000;

  @TempDir Path scratch;

  /** A guest instruction and the confined code expected of it. */
  private record Case(String hex, String text, List<String> confined) {}

  @TestFactory
  Stream<DynamicTest> aGuestInstructionBecomesConfinedCode() throws IOException {
    return cases().stream()
        .map(
            each ->
                DynamicTest.dynamicTest(
                    each.text(), () -> assertThat(confined(each)).isEqualTo(each.confined())));
  }

  private static List<Case> cases() throws IOException {
    List<Case> cases = new ArrayList<>();
    try (var in = RewritesTest.class.getResourceAsStream("rewrites.txt")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        if (line.startsWith("  ")) {
          cases.getLast().confined().add(line.strip());
        } else if (!line.isBlank() && !line.startsWith("#")) {
          String[] parts = line.split(" \\| ");
          cases.add(new Case(parts[0], parts[1], new ArrayList<>()));
        }
      }
    }
    return cases;
  }

  private List<String> confined(Case each) throws IOException {
    Translation translation =
        new Translator()
            .translate(
                new OneInstruction(HexFormat.ofDelimiter(" ").parseHex(each.hex())),
                PC,
                pc -> false);
    Path file = scratch.resolve("code");
    Files.write(file, Arrays.copyOf(translation.code(), translation.lengthBytes()));
    Process objdump =
        new ProcessBuilder(
                "objdump",
                "-D",
                "-b",
                "binary",
                "-mi386:x86-64",
                "-Mintel",
                "--no-show-raw-insn",
                "--insn-width=16",
                file.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var lines = objdump.inputReader()) {
      return lines
          .lines()
          .filter(line -> line.matches(" +[0-9a-f]+:.*"))
          .map(line -> line.replaceFirst(" +[0-9a-f]+:\t", "").replaceAll(" +", " ").strip())
          .toList();
    }
  }

  /** Code of one instruction, with code around it that cannot be read. */
  private record OneInstruction(byte[] bytes) implements CodeSource {
    @Override
    public boolean contains(long guestAddress) {
      return guestAddress >= PC && guestAddress < PC + 0x100000;
    }

    @Override
    public int read(long guestAddress, byte[] target) {
      System.arraycopy(bytes, 0, target, 0, bytes.length);
      return bytes.length;
    }
  }
}
