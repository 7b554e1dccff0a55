package org.capvm.machine.isa;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.HexFormat;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/** Runs objdump and reads what it prints, line by line. */
final class Objdump {
  private static final Set<String> PREFIXES =
      Set.of(
          "rep",
          "repz",
          "repnz",
          "lock",
          "data16",
          "addr32",
          "cs",
          "ds",
          "es",
          "ss",
          "fs",
          "gs",
          "bnd",
          "notrack",
          "xacquire",
          "xrelease",
          "{vex}",
          "{vex3}",
          "{evex}",
          "{store}",
          "{load}");

  private static final Pattern SYMBOL = Pattern.compile(" *(<[^>]*>)? *(#.*)?$");
  private static final Pattern IGNORED_SEGMENT = Pattern.compile("\\b[cdes]s:(?=\\[)");
  private static final Pattern IGNORED_SEGMENT_OF_ADDRESS = Pattern.compile("\\b[ces]s:(?=0x)");

  private static final Pattern TARGET_WITHOUT_SYMBOLS =
      Pattern.compile("^(j\\w+|call|loop\\w*) 0x");

  private Objdump() {}

  /**
   * An instruction as objdump sees it.
   *
   * @param text mnemonic and operands, without prefixes, symbols and comments
   * @param printed all that objdump printed
   */
  record Line(long address, byte[] bytes, String text, String printed) {
    boolean isBad() {
      return printed.contains("(bad)");
    }
  }

  /** Runs objdump with these arguments and hands on each instruction as it is printed. */
  static void disassemble(Consumer<Line> consumer, String... arguments)
      throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 5];
    String[] fixed = {"objdump", "-w", "--insn-width=16", "-M", "intel"};
    System.arraycopy(fixed, 0, command, 0, fixed.length);
    System.arraycopy(arguments, 0, command, fixed.length, arguments.length);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader reader = process.inputReader()) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        int colon = line.indexOf(":\t");
        int tab = colon < 0 ? -1 : line.indexOf('\t', colon + 2);
        if (tab > 0) {
          consumer.accept(parse(line, colon, tab));
        }
      }
    }
    if (process.waitFor() != 0) {
      throw new IOException("objdump failed");
    }
  }

  private static Line parse(String line, int colon, int tab) {
    long address = Long.parseUnsignedLong(line.substring(0, colon).strip(), 16);
    byte[] bytes = HexFormat.of().parseHex(line.substring(colon + 2, tab).replace(" ", ""));
    String printed = line.substring(tab + 1);
    return new Line(address, bytes, plain(printed), printed);
  }

  private static String plain(String printed) {
    String text = printed;
    while (true) {
      int space = text.indexOf(' ');
      String word = space < 0 ? text : text.substring(0, space);
      if (space < 0 || !(PREFIXES.contains(word) || word.startsWith("rex"))) {
        break;
      }
      text = text.substring(space).stripLeading();
    }
    if (text.indexOf('<') >= 0 || text.indexOf('#') >= 0) {
      text = SYMBOL.matcher(text).replaceFirst("");
    }
    int space = text.indexOf(' ');
    if (space >= 0) {
      text = text.substring(0, space) + " " + text.substring(space).strip();
    }
    if (text.indexOf("s:") >= 0) {
      text = IGNORED_SEGMENT.matcher(text).replaceAll("");
      text = IGNORED_SEGMENT_OF_ADDRESS.matcher(text).replaceFirst("ds:");
    }
    if (text.startsWith("j") || text.startsWith("call 0x") || text.startsWith("loop")) {
      text = TARGET_WITHOUT_SYMBOLS.matcher(text).replaceFirst("$1 ");
    }
    return text.strip();
  }
}
