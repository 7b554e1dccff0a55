package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.capvm.engine.ProgramNotStartedException.Reason;
import org.capvm.image.HostMount;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that are not programs, or lie about what they are: refused with one clear line. */
final class BadExecutablesTest {
  private static final int E_MACHINE = 18;
  private static final int EI_CLASS = 4;
  private static final int E_TYPE = 16;
  private static final int E_PHOFF = 32;
  private static final int E_PHNUM = 56;
  private static final int ELF_HEADER_BYTES = 64;
  private static final int PROGRAM_HEADER_BYTES = 56;

  private Path directory;

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = TestPaths.scratch("bad-executables");
  }

  @Test
  void aMissingFileIsNotFound() {
    refused("/work/nothing-here", Reason.NOT_FOUND, "No such file or directory");
  }

  @Test
  void aMissingCommandIsNotFoundOnThePath() {
    refused("no-such-command", Reason.NOT_FOUND, "no-such-command");
  }

  @Test
  void aFileAsADirectoryIsNotFound() throws IOException {
    Files.writeString(directory.resolve("file"), "text");
    refused("/work/file/program", Reason.NOT_EXECUTABLE, "Not a directory");
  }

  @Test
  void aDirectoryIsNotExecutable() {
    refused("/work", Reason.NOT_EXECUTABLE, "directory");
  }

  @Test
  void aFileWithoutPermissionIsNotExecutable() throws Exception {
    Files.copy(GuestProgram.c("hello", "-static"), directory.resolve("program"));
    mode("rw-r--r--");
    refused("/work/program", Reason.NOT_EXECUTABLE, "Permission denied");
  }

  @Test
  void textIsNotExecutable() throws Exception {
    program("just some text\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    refused("/work/program", Reason.NOT_EXECUTABLE, "format");
  }

  @Test
  void anEmptyFileIsNotExecutable() throws Exception {
    program(new byte[0]);
    refused("/work/program", Reason.NOT_EXECUTABLE, "format");
  }

  @Test
  void anotherMachinesProgramIsNotExecutable() throws Exception {
    changed(elf -> elf.putShort(E_MACHINE, (short) 0xb7));
    refused("/work/program", Reason.NOT_EXECUTABLE, "format");
  }

  @Test
  void a32BitProgramIsNotExecutable() throws Exception {
    changed(elf -> elf.put(EI_CLASS, (byte) 1));
    refused("/work/program", Reason.NOT_EXECUTABLE, "format");
  }

  @Test
  void anObjectFileIsNotExecutable() throws Exception {
    changed(elf -> elf.putShort(E_TYPE, (short) 1));
    refused("/work/program", Reason.NOT_EXECUTABLE, "format");
  }

  @Test
  void aProgramCutOffInItsHeadersIsNotExecutable() throws Exception {
    byte[] elf = Files.readAllBytes(GuestProgram.c("hello", "-static"));
    for (int length : new int[] {4, 16, 63, 64, 100}) {
      program(Arrays.copyOf(elf, length));
      refused("/work/program", Reason.NOT_EXECUTABLE, "");
    }
  }

  @Test
  void noProgramHeadersAreNotExecutable() throws Exception {
    changed(elf -> elf.putShort(E_PHNUM, (short) 0));
    refused("/work/program", Reason.NOT_EXECUTABLE, "format");
  }

  @Test
  void programHeadersOutsideTheFileAreNotExecutable() throws Exception {
    changed(elf -> elf.putLong(E_PHOFF, Long.MAX_VALUE - 10));
    refused("/work/program", Reason.NOT_EXECUTABLE, "");
  }

  @Test
  void aMissingInterpreterIsNamed() throws Exception {
    Path program = directory.resolve("program");
    Process linker =
        new ProcessBuilder(
                "gcc",
                "-w",
                "-Wl,--dynamic-linker=/lib/no-such-loader.so",
                "-o",
                program.toString(),
                TestPaths.GUEST_SOURCES.resolve("c/hello.c").toString())
            .inheritIO()
            .start();
    assertThat(linker.waitFor()).isZero();
    refused("/work/program", Reason.NOT_FOUND, "/lib/no-such-loader.so");
  }

  @Test
  void aScriptWithoutItsInterpreterIsNotFound() throws Exception {
    program("#!/no/such/shell -x\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    refused("/work/program", Reason.NOT_FOUND, "/no/such/shell");
  }

  @Test
  void aScriptThatIsItsOwnInterpreterIsNotExecutable() throws Exception {
    program("#!/work/program\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    refused("/work/program", Reason.NOT_EXECUTABLE, "");
  }

  static LongStream seeds() {
    return LongStream.range(0, 400);
  }

  /**
   * Lies in the ELF header and the program headers: the program may run, crash or be refused,
   * nothing else.
   */
  @ParameterizedTest
  @MethodSource("seeds")
  void lyingHeadersHarmNobody(long seed) throws Exception {
    Random random = new Random(seed);
    byte[] elf =
        Files.readAllBytes(
            seed % 2 == 0
                ? GuestProgram.assembly("registers_after_a_call")
                : GuestProgram.c("hello", "-pie", "-fPIE"));
    ByteBuffer bytes = ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN);
    int headers = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES * bytes.getShort(E_PHNUM);
    for (int lies = 1 + random.nextInt(3); lies > 0; lies--) {
      lie(bytes, EI_CLASS + random.nextInt(headers - 8 - EI_CLASS), random);
    }
    program(elf);
    try (Cvm cvm = ConfinedRun.capVm().start(configuration("/work/program"))) {
      if (cvm.waitFor(Duration.ofSeconds(5)).isEmpty()) {
        cvm.kill();
        assertThat(cvm.waitFor(Duration.ofSeconds(5))).isPresent();
      }
    } catch (ProgramNotStartedException refusal) {
      assertThat(refusal).hasMessageNotContaining("\n");
    }
  }

  private static void lie(ByteBuffer bytes, int offset, Random random) {
    long[] favourites = {
      0, 1, -1, 0xfff, 0x1000, 1L << 31, 1L << 32, 1L << 63, Long.MAX_VALUE, -4096
    };
    switch (random.nextInt(4)) {
      case 0 -> bytes.put(offset, (byte) random.nextInt());
      case 1 -> bytes.putInt(offset & ~3, random.nextInt());
      case 2 -> bytes.putLong(offset & ~7, favourites[random.nextInt(favourites.length)]);
      default -> bytes.putLong(offset & ~7, bytes.getLong(offset & ~7) ^ 1L << random.nextInt(64));
    }
  }

  private void refused(String guestPath, Reason reason, String part) {
    ProgramNotStartedException refusal =
        catchThrowableOfType(
            ProgramNotStartedException.class,
            () -> ConfinedRun.capVm().start(configuration(guestPath)).close());
    assertThat(refusal).as("refusal of %s", guestPath).isNotNull();
    assertThat(refusal.reason()).isEqualTo(reason);
    assertThat(refusal).hasMessageStartingWith(guestPath + ": ").hasMessageNotContaining("\n");
    assertThat(refusal.getMessage().toLowerCase(java.util.Locale.ROOT))
        .contains(part.toLowerCase(java.util.Locale.ROOT));
  }

  private CvmConfiguration configuration(String program) {
    return CvmConfiguration.builder(program)
        .mount(new HostMount(directory, "/work", false))
        .standardInput(StandardStream.discarded())
        .standardOutput(StandardStream.discarded())
        .standardError(StandardStream.discarded())
        .build();
  }

  private void changed(Consumer<ByteBuffer> change) throws Exception {
    byte[] elf = Files.readAllBytes(GuestProgram.c("hello", "-static"));
    change.accept(ByteBuffer.wrap(elf).order(ByteOrder.LITTLE_ENDIAN));
    program(elf);
  }

  private void program(byte[] content) throws IOException {
    Files.write(directory.resolve("program"), content);
    mode("rwxr-xr-x");
  }

  private void mode(String permissions) throws IOException {
    Files.setPosixFilePermissions(
        directory.resolve("program"), PosixFilePermissions.fromString(permissions));
  }
}
