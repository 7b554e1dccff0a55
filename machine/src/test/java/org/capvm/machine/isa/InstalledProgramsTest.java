package org.capvm.machine.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.capvm.machine.isa.ObjdumpComparison.Verdict;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every instruction of large programs and libraries, read by the decoder and by objdump. */
class InstalledProgramsTest {
  private static final String LIBRARIES = "/usr/lib/x86_64-linux-gnu/";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/usr/bin/python3",
        "/usr/bin/redis-server",
        "/usr/bin/perl",
        "/usr/bin/sqlite3",
        LIBRARIES + "libc.so.6",
        LIBRARIES + "libsqlite3.so.0"
      })
  void everyInstructionReadsAsObjdumpReadsIt(String file) throws Exception {
    Comparison comparison = compare(file);
    assertThat(comparison.differences).isEmpty();
    assertThat(comparison.verdicts.keySet()).isSubsetOf(Verdict.SAME, Verdict.REFUSED);
    assertThat(comparison.verdicts.get(Verdict.SAME)).isGreaterThan(40_000);
  }

  /** libcrypto keeps tables and strings among its code, which objdump disassembles all the same. */
  @ParameterizedTest
  @ValueSource(strings = {LIBRARIES + "libcrypto.so.3"})
  void dataAmongInstructionsDiffersOnlyInListedWays(String file) throws Exception {
    assertThat(compare(file).differences).isEmpty();
  }

  private static Comparison compare(String file) throws Exception {
    Comparison comparison = new Comparison();
    Objdump.disassemble(comparison::accept, "-d", "-z", file);
    comparison.finish();
    return comparison;
  }

  /**
   * Compares lines as they come; those that objdump calls bad wait until the bytes after them are
   * known.
   */
  private static final class Comparison {
    final Map<Verdict, Integer> verdicts = new EnumMap<>(Verdict.class);
    final List<String> differences = new ArrayList<>();
    private final List<Waiting> waiting = new ArrayList<>();

    private record Waiting(Objdump.Line line, ByteArrayOutputStream bytes) {}

    void accept(Objdump.Line line) {
      for (Waiting earlier : waiting) {
        earlier.bytes.writeBytes(line.bytes());
      }
      while (!waiting.isEmpty() && waiting.getFirst().bytes.size() >= Decoder.MAX_LENGTH) {
        judge(waiting.removeFirst());
      }
      if (line.isBad()) {
        Waiting bad = new Waiting(line, new ByteArrayOutputStream());
        bad.bytes.writeBytes(line.bytes());
        waiting.add(bad);
      } else {
        count(line, ObjdumpComparison.compare(line, line.bytes()));
      }
    }

    void finish() {
      waiting.forEach(this::judge);
    }

    private void judge(Waiting bad) {
      count(bad.line, ObjdumpComparison.compare(bad.line, bad.bytes.toByteArray()));
    }

    private void count(Objdump.Line line, Verdict verdict) {
      verdicts.merge(verdict, 1, Integer::sum);
      if (verdict == Verdict.DIFFERENT) {
        differences.add(ObjdumpComparison.describe(line));
      }
    }
  }
}
