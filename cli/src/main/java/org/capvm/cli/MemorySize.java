package org.capvm.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * An amount of memory as people write it: {@code 512M}, {@code 1.5g}, {@code 65536}. The units are
 * powers of 1024.
 *
 * @param bytes the amount, above 0
 */
record MemorySize(long bytes) {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)([kmg]?)i?b?", Pattern.CASE_INSENSITIVE);

  /** Reads a size. */
  static final class Converter implements ITypeConverter<MemorySize> {
    @Override
    public MemorySize convert(String text) {
      Matcher form = FORM.matcher(text);
      if (!form.matches()) {
        throw new TypeConversionException("not a size: " + text + " (write 512M or 2G)");
      }
      int shift =
          switch (form.group(2)) {
            case "k", "K" -> 10;
            case "m", "M" -> 20;
            case "g", "G" -> 30;
            default -> 0;
          };
      long bytes = (long) (Double.parseDouble(form.group(1)) * (1L << shift));
      if (bytes <= 0) {
        throw new TypeConversionException("a size above 0 is needed: " + text);
      }
      return new MemorySize(bytes);
    }
  }
}
