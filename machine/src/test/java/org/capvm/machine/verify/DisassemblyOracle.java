package org.capvm.machine.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A second opinion on whether code is confined, from the text that objdump prints for it.
 *
 * <p>Shares nothing with the verifier: another decoder, another statement of the rules. It is
 * looser where a mistake would do no harm (flags, exposure of {@code B}) and says nothing about
 * branch targets.
 */
final class DisassemblyOracle {
  /** One line of objdump's listing. */
  record Line(int offset, String text) {}

  private static final Pattern LISTING =
      Pattern.compile("^\\s*([0-9a-f]+):\\t(?:[0-9a-f]{2} )+\\s*\\t(.*)$");
  private static final Pattern MEMORY =
      Pattern.compile("([a-z]s:)?\\[([^]]*)]|([fg]s:)(0x[0-9a-f]+)");
  private static final Pattern STACK = Pattern.compile("rsp([+-]0x[0-9a-f]+)?");
  private static final Pattern STACK_POINTER = Pattern.compile("(rsp|esp|sp|spl)");

  private static final Set<String> FORBIDDEN =
      Set.of(
          "syscall",
          "sysenter",
          "int",
          "call",
          "ret",
          "retf",
          "iret",
          "iretq",
          "enter",
          "leave",
          "wrgsbase",
          "wrfsbase",
          "rdgsbase",
          "rdfsbase",
          "wrpkru",
          "lgs",
          "lfs",
          "lss",
          "swapgs",
          "hlt",
          "in",
          "out",
          "ins",
          "outs",
          "cli",
          "sti",
          "xbegin",
          "movdir64b",
          "enqcmd",
          "clzero",
          "monitorx",
          "umonitor",
          "vmfunc",
          "lcall",
          "ljmp",
          "lret",
          "sysret",
          "wrmsr",
          "rdmsr",
          "cpuid",
          "xgetbv",
          "rdpmc",
          "int1",
          "(bad)",
          ".byte");

  private static final Set<String> NOT_WRITING =
      Set.of("cmp", "test", "push", "bt", "mul", "imul", "div", "idiv", "nop", "jmp");

  private final List<Line> lines;
  private boolean stepped;

  private DisassemblyOracle(List<Line> lines) {
    this.lines = lines;
  }

  /** The lines of a listing that {@code objdump -d -w -M intel} printed. */
  static List<Line> parse(List<String> listing) {
    List<Line> lines = new ArrayList<>();
    Line prefix = null;
    for (String listed : listing) {
      Matcher matcher = LISTING.matcher(listed);
      if (!matcher.matches()) {
        continue;
      }
      int offset = prefix != null ? prefix.offset() : Integer.parseInt(matcher.group(1), 16);
      String text = normalized(matcher.group(2));
      // objdump takes fwait for a prefix, and then a prefix before it for an instruction.
      if (text.matches("((rex\\S*|addr32|data16|[c-gs]s|repn?z) ?)+")) {
        prefix = new Line(offset, text);
      } else {
        lines.add(new Line(offset, text));
        prefix = null;
      }
    }
    return lines;
  }

  /** Without comments, and without the index that is none. */
  private static String normalized(String text) {
    return text.split("#|<")[0]
        .replaceAll("fs:\\[[re]iz\\*[1248]\\+(0x[0-9a-f]+)]", "fs:$1")
        .replaceAll("\\+riz\\*[1248]", "")
        .replaceAll("lea( +)rsp,[c-gs]s:", "lea$1rsp,")
        .strip();
  }

  /** What is wrong with the code, or null. */
  static String objection(List<Line> lines) {
    return new DisassemblyOracle(lines).objection();
  }

  private String objection() {
    for (int i = 0; i < lines.size(); i++) {
      String text = withoutPrefixes(lines.get(i).text());
      if (!isConfined(i, text)) {
        return lines.get(i).text();
      }
    }
    return null;
  }

  private boolean isConfined(int i, String text) {
    String mnemonic = text.split(" ")[0];
    String operands = text.substring(mnemonic.length()).strip();
    if (FORBIDDEN.contains(mnemonic)
        || (mnemonic.equals("mov") && operands.matches("[cdefgs]s,.*"))) {
      return false;
    }
    boolean memorySafe = isMemorySafe(i, text, mnemonic, operands);
    return memorySafe && isStackSafe(i, mnemonic, operands);
  }

  private boolean isMemorySafe(int i, String text, String mnemonic, String operands) {
    if (mnemonic.equals("lea") || mnemonic.equals("nop")) {
      return !text.contains("rip") || mnemonic.equals("nop");
    }
    if (mnemonic.equals("jmp") && operands.contains("[")) {
      String before = textAt(i - 1).startsWith("push 0x") ? textAt(i - 2) : textAt(i - 1);
      String beforeThat = textAt(i - 1).startsWith("push 0x") ? textAt(i - 3) : textAt(i - 2);
      return operands.equals("QWORD PTR gs:[r11*8-0x80000000]")
          && before.equals("not r11")
          && beforeThat.matches("(mov|lea) r11d,.*");
    }
    if (mnemonic.equals("jmp")
        && operands.matches("[re]?[a-z0-9]{2,3}")
        && !operands.matches("0x.*|[0-9a-f]+")) {
      return false;
    }
    String raw = lines.get(i).text();
    if (mnemonic.contains("maskmovq") && !mnemonic.startsWith("vp")
        || mnemonic.contains("maskmovdqu")) {
      return isRebased(i, "rdi") || (raw.contains("gs") && raw.contains("addr32"));
    }
    if (mnemonic.startsWith("xsave") || mnemonic.startsWith("xrstor")) {
      boolean masked =
          textAt(i - 1).matches("xor edx,edx|mov edx,0x0")
              && textAt(i - 2).equals("pext eax,eax,r11d")
              && textAt(i - 3).matches("mov r11d,0x[0-7]");
      if (!masked) {
        return false;
      }
    }
    Matcher matcher = MEMORY.matcher(operands);
    while (matcher.find()) {
      String segment =
          matcher.group(1) != null
              ? matcher.group(1)
              : matcher.group(3) != null ? matcher.group(3) : "";
      String address = matcher.group(2) != null ? matcher.group(2) : matcher.group(4);
      boolean confined =
          switch (segment) {
            case "gs:" -> isShortAddress(raw, address);
            case "fs:" -> isContextField(mnemonic, operands, address);
            case "es:", "ds:" ->
                (address.equals("rdi") || address.equals("rsi")) && isRebased(i, address);
            default -> STACK.matcher(address).matches() && isNear(address, 0x3fffffffL);
          };
      if (!confined) {
        return false;
      }
      if (mnemonic.matches("lock bt.?|bt.?") && operands.matches(".*QWORD PTR.*,r[a-z0-9]+")) {
        String register = operands.substring(operands.lastIndexOf(',') + 1);
        String extract = textAt(i - 1);
        if (!extract.startsWith("pext " + register + ",")
            && !extract.startsWith("pext " + low(register) + ",")) {
          return false;
        }
        if (!textAt(i - 2)
            .matches("(mov|movabs) (" + register + "|" + low(register) + "),0x[0-3]?[0-9a-f]")) {
          return false;
        }
      }
    }
    return true;
  }

  private static String low(String register) {
    return register.matches("r[0-9]+") ? register + "d" : "e" + register.substring(1);
  }

  /**
   * Whether an address from gs has 32 bits: 32-bit registers, or an absolute one with an addr32
   * prefix.
   */
  private static boolean isShortAddress(String raw, String address) {
    if (address.startsWith("0x") || address.startsWith("-0x")) {
      return raw.contains("addr32") && Long.decode(address) <= 0xffff_ffffL;
    }
    for (String part : address.split("[+*-]")) {
      boolean register = part.matches("e[a-z]{2}|r[0-9]+d|[xy]mm[0-9]+|eiz");
      if (!register && !part.matches("[1248]|0x[0-9a-f]+")) {
        return false;
      }
    }
    return !address.contains("eip");
  }

  private static boolean isContextField(String mnemonic, String operands, String address) {
    if (!address.startsWith("0x")) {
      return false;
    }
    long offset = Long.decode(address);
    boolean writes =
        operands.matches("([A-Z]+ PTR )?fs:.*")
            && !mnemonic.matches("cmp|test|push|bt|f(i?(add|sub|mul|div|com)r?p?|i?ld)");
    if (mnemonic.equals("xchg") || mnemonic.equals("xadd") || mnemonic.equals("pop")) {
      writes = true;
    }
    boolean scratch = (offset >= 0x58 && offset < 0x60) || (offset >= 0xc0 && offset < 0xe0);
    return scratch
        || (writes
            ? offset >= 0x80 && offset < 0x84 || offset >= 0xac && offset < 0xb0 || offset == 0xe8
            : offset >= 0x90 && offset < 0xa8);
  }

  /** Whether the instruction at {@code i} is in a sequence that rebases {@code register}. */
  private boolean isRebased(int i, String register) {
    String low = "e" + register.substring(1);
    boolean stripped =
        textAt(i + 1).equals("mov " + low + "," + low)
            || textAt(i + 2).equals("mov " + low + "," + low);
    for (int back = 1; back <= 4; back++) {
      if (textAt(i - back).matches("lea " + register + ",\\[" + register + "\\+r11\\*1]")) {
        boolean truncated = textAt(i - back - 1).equals("mov " + low + "," + low);
        boolean based =
            textAt(i - back - 2).equals("mov r11,QWORD PTR fs:0xa0")
                || textAt(i - back - 4).equals("mov r11,QWORD PTR fs:0xa0");
        return stripped && truncated && based;
      }
    }
    return false;
  }

  private boolean isStackSafe(int i, String mnemonic, String operands) {
    String destination = operands.split(",")[0];
    boolean touches =
        operands.contains("[rsp")
            && !mnemonic.matches("lea|nop.*|prefetch.*|bt.?|v?p?maskmov.*|clflush.*|clwb|cldemote");
    boolean changes =
        (STACK_POINTER.matcher(destination).matches() && !NOT_WRITING.contains(mnemonic))
            || (mnemonic.matches("xchg|xadd") && operands.matches(".*,(rsp|esp|sp|spl)"));
    if (changes) {
      String text = mnemonic + " " + operands;
      if (text.equals("lea rsp,[rsp+r11*1]")) {
        String load = "mov r11,QWORD PTR fs:0xa0";
        boolean rebased = textAt(i - 2).equals(load) || textAt(i - 1).equals(load);
        boolean truncated =
            textAt(i - 1).matches("(mov|lea) esp,.*") || textAt(i - 2).matches("(mov|lea) esp,.*");
        return rebased && truncated && steps(false);
      }
      if (text.matches("(mov|lea) esp,.*")) {
        return textAt(i + 1).equals("lea rsp,[rsp+r11*1]")
            || textAt(i + 2).equals("lea rsp,[rsp+r11*1]");
      }
      Matcher matcher =
          Pattern.compile("(add|sub) rsp,(-?)(0x[0-9a-f]+)|lea rsp,\\[rsp()([+-]0x[0-9a-f]+)?]")
              .matcher(text);
      boolean small = matcher.matches() && isNear(text.substring(text.indexOf(',') + 1), 0x10000);
      boolean aligns = text.matches("and rsp,0xffffffffffff[0-9a-f]{4}");
      boolean secondStep = stepped;
      return (small || aligns) && !secondStep && steps(true);
    }
    if (touches && nearStackOperand(operands)) {
      steps(false);
    }
    if (mnemonic.matches("push.*|pop.*") && !mnemonic.startsWith("popcnt")) {
      steps(false);
    }
    boolean transfers = mnemonic.startsWith("j") || mnemonic.startsWith("loop");
    if (mnemonic.equals("ud2") || mnemonic.equals("int3")) {
      steps(false);
    }
    return !(transfers && stepped);
  }

  private boolean steps(boolean value) {
    stepped = value;
    return true;
  }

  private static boolean nearStackOperand(String operands) {
    Matcher matcher = Pattern.compile("\\[(rsp[^]]*)]").matcher(operands);
    return matcher.find() && isNear(matcher.group(1), 0x10000);
  }

  /** Whether the constant in an address or operand is at most {@code limit} either way. */
  private static boolean isNear(String text, long limit) {
    Matcher matcher = Pattern.compile("0x([0-9a-f]+)").matcher(text);
    if (!matcher.find()) {
      return true;
    }
    return Math.abs(Long.parseUnsignedLong(matcher.group(1), 16)) <= limit;
  }

  private String textAt(int i) {
    return i >= 0 && i < lines.size() ? withoutPrefixes(lines.get(i).text()) : "";
  }

  private static String withoutPrefixes(String text) {
    String stripped = text.replaceAll("\\s+", " ");
    while (stripped.matches(
        "(rex\\S*|addr32|data16|lock|repn?z|repnz|rep|bnd|notrack|xacquire|xrelease|[c-gs]s|fs|gs)"
            + " \\S.*")) {
      stripped = stripped.substring(stripped.indexOf(' ') + 1);
    }
    return stripped;
  }
}
