package org.capvm.libos.file.proc;

import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * A number that a program writes to a file of proc, as Linux reads it there ({@code kstrtoint} with
 * base 0): of one write the first {@value #MOST_BYTES} bytes up to a zero byte, in decimal, or
 * after {@code 0x} and {@code 0} in hexadecimal and octal, with white space around.
 */
final class WrittenNumber {
  /** What Linux takes of one write: {@code PROC_NUMBUF} less one. */
  static final int MOST_BYTES = 12;

  private WrittenNumber() {}

  /** How many of the bytes written are taken. */
  static int taken(byte[] bytes) {
    return Math.min(bytes.length, MOST_BYTES);
  }

  /**
   * The number.
   *
   * @throws ErrnoException EINVAL if it is none, ERANGE if it is one beyond an int
   */
  static int parse(byte[] bytes) {
    String text = new String(bytes, 0, taken(bytes), StandardCharsets.ISO_8859_1);
    int end = text.indexOf('\0');
    text = (end < 0 ? text : text.substring(0, end)).strip();
    boolean negative = text.startsWith("-");
    String digits = negative ? text.substring(1) : text;
    digits = digits.startsWith("+") ? digits.substring(1) : digits;
    int base = 10;
    if (digits.regionMatches(true, 0, "0x", 0, 2)) {
      base = 16;
      digits = digits.substring(2);
    } else if (digits.startsWith("0")) {
      base = 8;
    }
    long number = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = Character.digit(digits.charAt(i), base);
      if (digit < 0) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      number = number * base + digit;
    }
    if (digits.isEmpty()) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    number = negative ? -number : number;
    if (number != (int) number) {
      throw ErrnoException.of(Errno.ERANGE);
    }
    return (int) number;
  }
}
