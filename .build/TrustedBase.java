import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Prints how large the trusted base is, by package, and exits with 1 when it or the verifier in it
 * is larger than its limit.
 *
 * <p>Counted are lines of code: not blank, not only comment, not the package and import lines at
 * the top of a file. Argument: the directory at the top of the tree.
 */
final class TrustedBase {
  private static final List<String> MODULES = List.of("machine", "monitor");
  private static final int LIMIT = 10_000;
  private static final String VERIFIER = "org.capvm.machine.verify";
  private static final int VERIFIER_LIMIT = 1_000;

  public static void main(String[] arguments) throws IOException {
    Path top = Path.of(arguments[0]);
    Map<String, Long> linesByPackage = new TreeMap<>();
    for (String module : MODULES) {
      Path sources = top.resolve(module).resolve("src/main/java");
      try (Stream<Path> files = Files.walk(sources)) {
        files
            .filter(file -> file.toString().endsWith(".java"))
            .forEach(
                file -> {
                  String name = sources.relativize(file.getParent()).toString().replace('/', '.');
                  linesByPackage.merge(name.isEmpty() ? module : name, lines(file), Long::sum);
                });
      }
    }
    linesByPackage.forEach((name, lines) -> System.out.printf("%6d  %s%n", lines, name));
    long total = linesByPackage.values().stream().mapToLong(Long::longValue).sum();
    System.out.printf("%6d  lines of code in the trusted base, of %d allowed%n", total, LIMIT);
    long verifier = linesByPackage.get(VERIFIER);
    System.out.printf("%6d  of them in the verifier, of %d allowed%n", verifier, VERIFIER_LIMIT);
    if (total > LIMIT || verifier > VERIFIER_LIMIT) {
      System.exit(1);
    }
  }

  private static long lines(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.map(String::strip).filter(TrustedBase::isCode).count();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** The formatter sees to it that each line of a block comment begins with a star. */
  private static boolean isCode(String line) {
    return !line.isEmpty()
        && Stream.of("//", "/*", "*", "package ", "import ").noneMatch(line::startsWith);
  }
}
