import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.FormatterException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Checks or applies google-java-format over every Java file of the source tree.
 *
 * <p>Run by the build with the formatter on the class path, on the JDK that compiles the sources: a
 * formatter inside Maven's own JVM could not parse syntax newer than that JVM.
 *
 * <p>Arguments: {@code check}, which exits with 1 when a file is not formatted, or {@code apply},
 * which rewrites such files; then the directory at the top of the tree.
 */
final class Format {

  public static void main(String[] arguments) throws IOException {
    boolean apply =
        switch (arguments[0]) {
          case "apply" -> true;
          case "check" -> false;
          default -> throw new IllegalArgumentException("neither check nor apply: " + arguments[0]);
        };
    Path top = Path.of(arguments[1]);
    List<Path> unformatted =
        sources(top).parallelStream().filter(file -> differs(file, apply)).toList();
    for (Path file : unformatted) {
      System.err.println((apply ? "formatted: " : "not formatted: ") + top.relativize(file));
    }
    if (!apply && !unformatted.isEmpty()) {
      System.err.println("Run: mvn -q -N verify -Dformat=apply");
      System.exit(1);
    }
  }

  private static List<Path> sources(Path top) throws IOException {
    try (Stream<Path> files = Files.walk(top)) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .filter(file -> !isGenerated(top.relativize(file)))
          .toList();
    }
  }

  private static boolean isGenerated(Path file) {
    return file.startsWith("build")
        || file.startsWith("target")
        || (file.getNameCount() > 1 && file.getName(1).toString().equals("target"));
  }

  private static boolean differs(Path file, boolean apply) {
    try {
      String source = Files.readString(file);
      String formatted = new Formatter().formatSourceAndFixImports(source);
      if (formatted.equals(source)) {
        return false;
      }
      if (apply) {
        Files.writeString(file, formatted);
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (FormatterException e) {
      throw new IllegalStateException(file + ": " + e.getMessage(), e);
    }
  }
}
