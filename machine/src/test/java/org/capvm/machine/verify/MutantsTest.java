package org.capvm.machine.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.capvm.machine.isa.Instruction;
import org.capvm.machine.verify.DisassemblyOracle.Line;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random changes to good and bad units: whatever the verifier still accepts, another decoder and
 * other rules accept too.
 */
class MutantsTest {
  private static final long SEED = 20261123;
  private static final int MUTANTS = 400_000;

  @TempDir Path directory;

  private final RandomGenerator random = new Random(SEED);
  private final List<Snippet> seeds = new ArrayList<>();

  @Test
  void whatTheVerifierAcceptsAfterRandomChangesIsConfinedByASecondOpinion() {
    seeds.addAll(Snippet.list("accepted.txt"));
    seeds.addAll(Snippet.list("refused.txt"));
    seeds.removeIf(snippet -> snippet.code().length == 0);
    List<byte[]> accepted = new ArrayList<>();
    for (int i = 0; i < MUTANTS; i++) {
      byte[] mutant = mutant();
      if (Verifier.verify(Snippet.unit(mutant)).isEmpty() && !hasUnusualFence(mutant)) {
        accepted.add(mutant);
      }
    }
    assertThat(accepted).hasSizeGreaterThan(MUTANTS / 50);
    assertThat(objections(accepted)).isEmpty();
  }

  /** Processors ignore ModRM.rm of fences, as the manuals say; objdump knows only rm = 0. */
  private static boolean hasUnusualFence(byte[] code) {
    Listing listing = Listing.decode(code);
    for (int i = 0; i < listing.count(); i++) {
      Instruction instruction = listing.at(i);
      if (instruction.form().mnemonic().endsWith("FENCE") && (instruction.modrm() & 7) != 0) {
        return true;
      }
    }
    return false;
  }

  private byte[] mutant() {
    byte[] code = seeds.get(random.nextInt(seeds.size())).code().clone();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes && code.length > 0; i++) {
      code = changed(code);
    }
    return code;
  }

  private byte[] changed(byte[] code) {
    int at = random.nextInt(code.length);
    return switch (random.nextInt(6)) {
      case 0 -> {
        code[at] ^= (byte) (1 << random.nextInt(8));
        yield code;
      }
      case 1 -> {
        code[at] = (byte) random.nextInt(256);
        yield code;
      }
      case 2 -> spliced(code, at, new byte[0], at + 1);
      case 3 -> {
        byte[] prefixes = {
          0x64,
          0x65,
          0x66,
          0x67,
          (byte) 0xf0,
          (byte) 0xf2,
          (byte) 0xf3,
          0x2e,
          0x48,
          0x41,
          0x44,
          0x42
        };
        yield spliced(code, at, new byte[] {prefixes[random.nextInt(prefixes.length)]}, at);
      }
      case 4 -> withoutInstruction(code);
      default -> withForeignInstruction(code);
    };
  }

  private byte[] withoutInstruction(byte[] code) {
    Listing listing = Listing.decode(code);
    if (listing.count() < 2) {
      return code;
    }
    int index = random.nextInt(listing.count());
    int offset = listing.offset(index);
    return spliced(code, offset, new byte[0], offset + listing.at(index).length());
  }

  private byte[] withForeignInstruction(byte[] code) {
    Listing listing = Listing.decode(code);
    byte[] donor = seeds.get(random.nextInt(seeds.size())).code();
    Listing donorListing = Listing.decode(donor);
    if (listing.count() == 0 || donorListing.count() == 0) {
      return code;
    }
    int from = random.nextInt(donorListing.count());
    int to = Math.min(donorListing.count() - 1, from + random.nextInt(3));
    int start = donorListing.offset(from);
    int end = donorListing.offset(to) + donorListing.at(to).length();
    int at = listing.offset(random.nextInt(listing.count()));
    return spliced(code, at, Arrays.copyOfRange(donor, start, end), at);
  }

  /** {@code code} with {@code middle} in place of bytes {@code from} to {@code to - 1}. */
  private static byte[] spliced(byte[] code, int from, byte[] middle, int to) {
    byte[] result = new byte[from + middle.length + code.length - to];
    System.arraycopy(code, 0, result, 0, from);
    System.arraycopy(middle, 0, result, from, middle.length);
    System.arraycopy(code, to, result, from + middle.length, code.length - to);
    return result;
  }

  /** What the second opinion says against any of the units, each with its bytes. */
  private List<String> objections(List<byte[]> units) {
    List<Line> lines = disassembled(units);
    List<String> objections = new ArrayList<>();
    int next = 0;
    int start = 0;
    for (byte[] unit : units) {
      List<Line> ofUnit = new ArrayList<>();
      while (next < lines.size() && lines.get(next).offset() < start + unit.length) {
        ofUnit.add(lines.get(next++));
      }
      String objection = DisassemblyOracle.objection(ofUnit);
      if (objection == null && !sameBoundaries(unit, ofUnit, start)) {
        objection = "other instruction boundaries";
      }
      if (objection != null) {
        objections.add(objection + " in " + HexFormat.of().formatHex(unit));
      }
      start += unit.length;
    }
    return objections;
  }

  private static boolean sameBoundaries(byte[] unit, List<Line> lines, int start) {
    Listing listing = Listing.decode(unit);
    if (listing.count() != lines.size()) {
      return false;
    }
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).offset() - start != listing.offset(i)) {
        return false;
      }
    }
    return true;
  }

  private List<Line> disassembled(List<byte[]> units) {
    try {
      Path binary = directory.resolve("units.bin");
      Path listing = directory.resolve("units.txt");
      try (var out = Files.newOutputStream(binary)) {
        for (byte[] unit : units) {
          out.write(unit);
        }
      }
      Process objdump =
          new ProcessBuilder(
                  "objdump",
                  "-D",
                  "-b",
                  "binary",
                  "-m",
                  "i386:x86-64",
                  "-M",
                  "intel",
                  "-w",
                  "--insn-width=16",
                  binary.toString())
              .redirectOutput(listing.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      assertThat(objdump.waitFor()).isZero();
      return DisassemblyOracle.parse(Files.readAllLines(listing));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
