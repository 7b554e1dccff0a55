package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every program in {@code guest/isolation} tries to leave its slot in one way. It must end in the
 * way that the comment at its top names, and nothing that is not its own may have changed: neither
 * host memory whose address it was given, nor the memory of a guest that runs beside it.
 */
final class IsolationTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String CANARY = "canary";

  /** Low 32 bits of the address that guests are given: no guest has anything mapped there. */
  private static final long ADDRESS_IN_SLOT = 0x3000_0000L;

  private static final long CANARY_BYTES = 1 << 16;
  private static final int GUESTS_OWN_MEMORY_AT_THAT_OFFSET = 77;
  private static final byte HOST_PATTERN = (byte) 0xA7;

  private static Arena arena;
  private static MemorySegment hostCanary;
  private static Path input;
  private static ConfinedRun.Started neighbour;

  @BeforeAll
  static void placeCanaries() throws Exception {
    arena = Arena.ofShared();
    Path file = TestPaths.scratch("isolation").resolve("sparse");
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MemorySegment eightGiB = channel.map(MapMode.READ_WRITE, 0, 8L << 30, arena);
      long target = (eightGiB.address() & -1L << 32) + (1L << 32) + ADDRESS_IN_SLOT;
      hostCanary = eightGiB.asSlice(target - eightGiB.address(), CANARY_BYTES);
      hostCanary.fill(HOST_PATTERN);
    }
    input = file.resolveSibling("input");
    try (RandomAccessFile endless = new RandomAccessFile(input.toFile(), "rw")) {
      endless.setLength(1L << 40);
    }
    neighbour =
        ConfinedRun.start(
            GuestProgram.assembly(CANARY),
            List.of(),
            builder -> builder.standardInput(StandardStream.hostFile(input)));
  }

  @AfterAll
  static void theNeighbourSawNothing() throws Exception {
    Files.write(input, new byte[0]);
    assertThat(neighbour.end(LIMIT)).isEqualTo(new ExitStatus.Exited(0));
    neighbour.close();
    arena.close();
  }

  static Stream<Attempt> attempts() throws IOException {
    List<Path> sources;
    try (Stream<Path> files = Files.list(TestPaths.GUEST_SOURCES.resolve("isolation"))) {
      sources = files.filter(file -> file.toString().endsWith(".S")).sorted().toList();
    }
    return sources.stream()
        .filter(source -> !source.endsWith(CANARY + ".S"))
        .map(IsolationTest::attempt);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("attempts")
  void theAttemptEndsAsNamed(Attempt attempt) throws Exception {
    Path program = GuestProgram.assembly(attempt.name());
    try (ConfinedRun.Started started =
        ConfinedRun.start(program, Long.toString(hostCanary.address()))) {
      ExitStatus status = started.end(LIMIT);
      assertThat(attempt.ends()).anySatisfy(end -> end.check(status, program));
    }
    assertThat(hostCanary.toArray(ValueLayout.JAVA_BYTE)).containsOnly(HOST_PATTERN);
  }

  static Stream<String> mappings() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines.map(line -> line.replaceAll("\\s+", " ")).toList().stream();
    }
  }

  /**
   * The code cache, branch tables, other slots, the Java heap, stacks: all that this process has
   * mapped.
   */
  @ParameterizedTest(name = "{0}")
  @MethodSource("mappings")
  void whatTheJvmHasMappedIsOutOfReach(String mapping) throws Exception {
    String start = Long.toString(Long.parseUnsignedLong(mapping.split("-")[0], 16));
    for (String name : List.of("host_read", "host_write", "host_string_store")) {
      try (ConfinedRun.Started started = ConfinedRun.start(GuestProgram.assembly(name), start)) {
        assertThat(started.end(LIMIT).shellStatus()).isIn(139, GUESTS_OWN_MEMORY_AT_THAT_OFFSET);
      }
    }
  }

  private static Attempt attempt(Path source) {
    try {
      String header =
          Files.readAllLines(source).stream()
              .filter(line -> line.startsWith("# ends: "))
              .findFirst()
              .orElseThrow()
              .substring("# ends: ".length());
      String name = source.getFileName().toString().replaceFirst("\\.S$", "");
      return new Attempt(name, Stream.of(header.split(" or ")).map(Expectation::parse).toList());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /**
   * One program.
   *
   * @param name its name
   * @param ends the ends that are allowed
   */
  record Attempt(String name, List<Expectation> ends) {
    @Override
    public String toString() {
      return name;
    }
  }

  /**
   * One allowed end.
   *
   * @param status the status a shell would see
   * @param symbol the label of the instruction that must have been at fault, or null if any may be
   */
  record Expectation(int status, String symbol) {

    /** Reads {@code SIGSEGV}, {@code SIGSEGV at attempt} or {@code status 42}. */
    static Expectation parse(String text) {
      String[] words = text.split(" ");
      int status =
          switch (words[0]) {
            case "SIGILL" -> 132;
            case "SIGTRAP" -> 133;
            case "SIGBUS" -> 135;
            case "SIGSEGV" -> 139;
            case "status" -> Integer.parseInt(words[1]);
            default -> throw new IllegalArgumentException("no such end: " + text);
          };
      return new Expectation(status, words.length == 3 ? words[2] : null);
    }

    void check(ExitStatus end, Path program) {
      assertThat(end.shellStatus()).as("%s", end).isEqualTo(status);
      if (symbol != null) {
        ExitStatus.Killed killed = (ExitStatus.Killed) end;
        assertThat(killed.fault()).isPresent();
        assertThat(killed.fault().get().guestPc())
            .as("guest pc of the fault")
            .isEqualTo(ElfSymbols.address(program, symbol));
      }
    }
  }
}
