package org.capvm.libos.process;

import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * The first line of a script: {@code #!interpreter [argument]}. Linux's rules: one argument at
 * most, which keeps its inner blanks; 256 bytes of the file are looked at, and an interpreter's
 * name that does not end in them is an error.
 *
 * @param interpreter path of the program to run
 * @param argument what goes between the interpreter's name and the script's, or null
 */
public record ProgramScript(String interpreter, String argument) {
  /** How much of a file Linux looks at. */
  public static final int HEAD_BYTES = 256;

  /**
   * Reads a script's first line.
   *
   * @param head the file's first bytes, {@link #HEAD_BYTES} at most
   * @return null if the file is no script
   * @throws ErrnoException ENOEXEC if it is one, without a usable interpreter
   */
  public static ProgramScript parse(byte[] head, int length) {
    if (length < 2 || head[0] != '#' || head[1] != '!') {
      return null;
    }
    String text = new String(head, 0, length, StandardCharsets.ISO_8859_1);
    int lineEnd = text.indexOf('\n');
    boolean cut = lineEnd < 0 && length == HEAD_BYTES;
    String line = text.substring(2, lineEnd < 0 ? length : lineEnd);
    int nul = line.indexOf('\0');
    if (nul >= 0) {
      line = line.substring(0, nul);
    }
    int start = skipBlanks(line, 0);
    int end = start;
    while (end < line.length() && !isBlank(line.charAt(end))) {
      end++;
    }
    if (start == end || (cut && end == line.length())) {
      throw ErrnoException.of(Errno.ENOEXEC);
    }
    String argument = line.substring(skipBlanks(line, end));
    int last = argument.length();
    while (last > 0 && isBlank(argument.charAt(last - 1))) {
      last--;
    }
    return new ProgramScript(
        line.substring(start, end), last == 0 ? null : argument.substring(0, last));
  }

  private static int skipBlanks(String line, int from) {
    int at = from;
    while (at < line.length() && isBlank(line.charAt(at))) {
      at++;
    }
    return at;
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }
}
