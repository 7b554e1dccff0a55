package org.capvm.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.capvm.machine.isa.Disassembly;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Each piece of guest code in {@code rewrites.txt} becomes the confined code that stands below it,
 * with the entries, branches, gates and states that stand below that.
 */
class RewritesTest {
  private static final int THREAD_FIELDS = 0x1000;
  private static final String USUAL_PC = "400000";

  /** Guest code and what is expected of it. */
  private record Case(
      String hex, String text, long pc, List<String> code, List<String> description) {}

  @TestFactory
  Stream<DynamicTest> guestCodeBecomesConfinedCode() throws IOException {
    return cases().stream().map(each -> DynamicTest.dynamicTest(each.text(), () -> check(each)));
  }

  private static void check(Case each) {
    Translation translation =
        new Translator(THREAD_FIELDS)
            .translate(
                new GuestCode(each.pc(), HexFormat.ofDelimiter(" ").parseHex(each.hex())),
                each.pc(),
                pc -> false);
    // Most that goes wrong shows in the description, for which no program has to be run.
    assertThat(described(translation)).isEqualTo(each.description());
    byte[] code = Arrays.copyOf(translation.code(), translation.lengthBytes());
    assertThat(Disassembly.of(code)).isEqualTo(each.code());
  }

  private static List<Case> cases() throws IOException {
    List<Case> cases = new ArrayList<>();
    try (var in = RewritesTest.class.getResourceAsStream("rewrites.txt")) {
      for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        if (line.startsWith("  ")) {
          Case last = cases.getLast();
          (line.startsWith("  #") ? last.description() : last.code()).add(line.strip());
        } else if (!line.isBlank() && !line.startsWith("#")) {
          String[] parts = line.split(" \\| ");
          String pc = parts.length > 2 ? parts[2] : USUAL_PC;
          cases.add(
              new Case(
                  parts[0],
                  parts[1],
                  Long.parseLong(pc, 16),
                  new ArrayList<>(),
                  new ArrayList<>()));
        }
      }
    }
    return cases;
  }

  /** What a translation is besides its code, in a line for each kind of thing. */
  private static List<String> described(Translation translation) {
    StringBuilder extent =
        new StringBuilder(
            "# %x to %x, %d bytes; entries"
                .formatted(
                    translation.lowestPc(), translation.highestPc(), translation.guestBytes()));
    Translation.Entries entries = translation.entries();
    for (int i = 0; i < entries.pcs().length; i++) {
      extent.append(
          " %x:%x %s".formatted(entries.pcs()[i], entries.offsets()[i], entries.kinds()[i]));
    }
    StringBuilder exits = new StringBuilder("# branches");
    Translation.Branches branches = translation.branches();
    for (int i = 0; i < branches.sites().length; i++) {
      exits.append(
          " %x to %x by %x"
              .formatted(branches.sites()[i], branches.targets()[i], branches.stubs()[i]));
    }
    exits.append("; gates");
    Translation.GateSites gates = translation.gateSites();
    for (int i = 0; i < gates.sites().length; i++) {
      exits.append(
          " %x %s".formatted(gates.sites()[i], Translation.GateKind.ofOrdinal(gates.gates()[i])));
    }
    StringBuilder states = new StringBuilder("# states");
    CodeLocation before = null;
    for (int offset = 0; offset < translation.lengthBytes(); offset++) {
      CodeLocation here = translation.map().at(offset);
      if (!here.equals(before)) {
        states.append(" %x=%x".formatted(offset, here.guestPc()));
        states.append(
            here.restartable()
                ? ""
                : here.fixup().equals(RegisterFixup.NONE) ? "!" : "!" + here.fixup());
        before = here;
      }
    }
    return List.of(extent.toString(), exits.toString(), states.toString());
  }

  /** A piece of code, with code around it that cannot be read. */
  private record GuestCode(long pc, byte[] bytes) implements CodeSource {
    @Override
    public boolean contains(long guestAddress) {
      return guestAddress >= pc && guestAddress < pc + 0x100000;
    }

    @Override
    public int read(long guestAddress, byte[] target) {
      System.arraycopy(bytes, 0, target, 0, bytes.length);
      return bytes.length;
    }
  }
}
