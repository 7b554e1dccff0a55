package org.capvm.machine.isa;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What objdump prints of code, without addresses and bytes. Asked again about the same code, it
 * answers from memory: tests with mutants ask often.
 */
public final class Disassembly {
  private static final Map<String, List<String>> KNOWN = new ConcurrentHashMap<>();

  private Disassembly() {}

  /** The instructions of 64-bit code that starts at 0, a line for each, with single spaces. */
  public static List<String> of(byte[] code) {
    return KNOWN.computeIfAbsent(HexFormat.of().formatHex(code), hex -> printed(code));
  }

  private static List<String> printed(byte[] code) {
    try {
      Path file = Files.createTempFile("code", null);
      try {
        Files.write(file, code);
        return printed(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static List<String> printed(Path file) throws IOException {
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
}
