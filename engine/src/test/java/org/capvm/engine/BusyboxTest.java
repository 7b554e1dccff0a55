package org.capvm.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Busybox's applets that need no child process, each on the same few small files. */
final class BusyboxTest {
  private static final String TEXT =
      """
      The quick brown fox jumps over the lazy dog.
      \tPack my box with five dozen    liquor jugs;
      how vexingly quick daft zebras jump!
      """;

  static List<Applet> applets() {
    return List.of(
        ends(0, "arch"),
        ends(0, "ascii"),
        ends(0, "ash", "-c", "i=0; while [ $i -lt 500 ]; do i=$((i + 1)); done; echo $i; exit 0"),
        ends(3, "ash", "-c", "f() { echo \"$# $1\"; return 3; }; set -- a 'b c'; f \"$@\""),
        ends(0, "ash", "-c", "while read -r a b; do echo \"$b|$a\"; done < text; echo ${PATH%%:*}"),
        ends(0, "awk", "{ n += NF } END { print n, NR, n % 7 }", "text"),
        ends(0, "base64", "text"),
        ends(0, "base64", "-d", "coded"),
        ends(0, "basename", "/a/b/c.txt", ".txt"),
        ends(0, "bzip2", "-k", "text"),
        ends(0, "cal", "2", "2024"),
        ends(0, "cat", "text", "words"),
        ends(1, "cat", "missing"),
        ends(0, "chmod", "741", "text"),
        ends(1, "cmp", "text", "words"),
        ends(0, "cmp", "text", "text"),
        ends(0, "cp", "-r", "directory", "tree"),
        ends(0, "crc32", "text"),
        ends(0, "cut", "-c2-5", "text"),
        ends(0, "cut", "-d:", "-f2", "fields"),
        ends(0, "date", "-u", "-d", "@86400", "+%F %T"),
        ends(0, "dc", "-e", "2 100 ^ p"),
        ends(0, "dd", "if=text", "of=out", "bs=7", "count=3", "skip=1", "status=none"),
        ends(1, "diff", "text", "words"),
        ends(0, "dirname", "/a/b/c"),
        ends(0, "dos2unix", "words"),
        ends(0, "echo", "-e", "a\\tb\\0101"),
        ends(0, "expand", "text"),
        ends(0, "expr", "6", "*", "7"),
        ends(1, "expr", "1", ">", "2"),
        ends(0, "factor", "1234567890", "97"),
        ends(0, "fallocate", "-l", "100", "out"),
        ends(1, "false"),
        ends(0, "fold", "-w", "10", "text"),
        ends(0, "grep", "-n", "quick", "text"),
        ends(1, "grep", "nothing", "text"),
        ends(0, "egrep", "-o", "[a-z]+ ", "text"),
        ends(0, "head", "-n", "2", "text"),
        ends(0, "hexdump", "-C", "text"),
        ends(0, "id", "-u"),
        ends(0, "link", "text", "other"),
        ends(0, "ln", "-s", "text", "soft"),
        ends(0, "ls", "-1", "-a", "-p"),
        ends(1, "ls", "missing"),
        ends(0, "md5sum", "text", "words"),
        ends(0, "mkdir", "-p", "a/b/c"),
        ends(0, "mv", "text", "moved"),
        ends(0, "nl", "text"),
        ends(0, "od", "-A", "x", "-t", "x1", "text"),
        ends(0, "paste", "text", "words"),
        ends(0, "printf", "%05d|%s\\n", "42", "x"),
        ends(0, "pwd"),
        ends(0, "readlink", "-f", "directory/../text"),
        ends(0, "realpath", "directory"),
        ends(0, "rev", "text"),
        ends(0, "rm", "-r", "directory"),
        ends(1, "rm", "missing"),
        ends(0, "rmdir", "empty"),
        ends(0, "sed", "-n", "s/quick/slow/p", "text"),
        ends(0, "sed", "-i", "s/dog/cat/", "text"),
        ends(0, "seq", "1", "3", "20"),
        ends(0, "sha1sum", "text"),
        ends(0, "sha256sum", "text"),
        ends(0, "sha3sum", "text"),
        ends(0, "sha512sum", "text"),
        ends(0, "sleep", "0.05"),
        ends(0, "sort", "words"),
        ends(0, "sort", "-t:", "-r", "-n", "-k2", "fields"),
        ends(0, "stat", "-c", "%n %s %a %F", "text", "directory"),
        ends(0, "strings", "-n", "5", "text"),
        ends(0, "tac", "text"),
        ends(0, "tail", "-n", "2", "text"),
        ends(0, "tee", "copy"),
        ends(0, "test", "-d", "directory"),
        ends(1, "test", "-f", "directory"),
        ends(0, "touch", "new"),
        ends(0, "tr", "a-z", "A-Z"),
        ends(0, "true"),
        ends(0, "truncate", "-s", "5", "text"),
        ends(0, "uname", "-s", "-m"),
        ends(0, "unexpand", "-a", "text"),
        ends(0, "uniq", "-c", "words"),
        ends(0, "unlink", "text"),
        ends(0, "unix2dos", "text"),
        ends(0, "usleep", "1000"),
        ends(0, "uuencode", "text", "name"),
        ends(0, "wc", "text", "words"),
        ends(0, "which", "cat"),
        ends(0, "whoami"),
        ends(0, "xxd", "text"),
        ends(1, "[", "a", "=", "b", "]"));
  }

  @ParameterizedTest
  @MethodSource("applets")
  void theAppletDoesTheSame(Applet applet) throws Exception {
    onSmallFiles(applet).agreesWithStatus(applet.status);
  }

  @ParameterizedTest
  @MethodSource("archives")
  void theArchiverMakesAndTakesWhatTheOthersDo(Applet applet) throws Exception {
    onSmallFiles(applet).ignoringFiles().agreesWithStatus(applet.status);
  }

  static List<Applet> archives() {
    return List.of(
        ends(0, "tar", "cf", "out.tar", "directory"),
        ends(0, "gzip", "-k", "text"),
        ends(0, "du", "-a", "directory/deeper"),
        ends(0, "find", "directory", "-type", "f", "-name", "*e*"));
  }

  private static Differential onSmallFiles(Applet applet) {
    String[] words = applet.words.toArray(String[]::new);
    return Differential.command("busybox", words).input(TEXT).prepared(BusyboxTest::smallFiles);
  }

  private static void smallFiles(Path directory) throws IOException {
    Files.writeString(directory.resolve("text"), TEXT);
    Files.writeString(directory.resolve("words"), "pear\r\napple\r\napple\nfig\n");
    Files.writeString(directory.resolve("fields"), "a:10\nb:9\nc:100\n");
    Files.writeString(
        directory.resolve("coded"),
        Base64.getMimeEncoder().encodeToString(TEXT.getBytes(StandardCharsets.UTF_8)));
    Files.createDirectories(directory.resolve("directory/deeper"));
    Files.createDirectory(directory.resolve("empty"));
    Files.writeString(directory.resolve("directory/deeper/file"), TEXT.repeat(200));
  }

  private static Applet ends(int status, String... words) {
    return new Applet(status, List.of(words));
  }

  /**
   * One applet with its arguments.
   *
   * @param status how it must end
   * @param words its name and arguments
   */
  record Applet(int status, List<String> words) {
    @Override
    public String toString() {
      return String.join(" ", words);
    }
  }
}
