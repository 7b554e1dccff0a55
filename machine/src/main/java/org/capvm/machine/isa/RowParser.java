package org.capvm.machine.isa;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.capvm.machine.layout.Gpr;

/**
 * Turns one line of the instruction table into an {@link InstructionForm}. The notation is
 * explained at the table's head.
 *
 * <p>Not thread-safe; {@link InstructionTable} calls it under its lock.
 */
final class RowParser {
  private static final Map<String, Operand> OPERANDS = new HashMap<>();

  private RowParser() {}

  /**
   * Parses a row.
   *
   * @param opcodeColumn where in {@code line} the opcode is
   * @throws IllegalStateException if the row breaks the notation: the build is broken
   */
  static InstructionForm parse(String line, int opcodeColumn) {
    try {
      String[] columns = columns(line);
      return form(columns, opcodeColumn);
    } catch (RuntimeException e) {
      throw new IllegalStateException("bad row in the instruction table: " + line, e);
    }
  }

  private static String[] columns(String line) {
    String[] columns = new String[7];
    int start = 0;
    for (int i = 0; i < columns.length; i++) {
      int end = i == columns.length - 1 ? line.length() : line.indexOf('|', start);
      columns[i] = line.substring(start, end).strip();
      start = end + 1;
    }
    return columns;
  }

  private static InstructionForm form(String[] columns, int opcodeColumn) {
    String encoding = columns[0];
    int opcodeEnd = encoding.indexOf(' ', opcodeColumn);
    EncodingPattern pattern =
        EncodingPattern.parse(
            encoding,
            encoding.substring(0, opcodeColumn),
            opcodeEnd < 0 ? "" : encoding.substring(opcodeEnd));
    Set<Trait> traits = EnumSet.noneOf(Trait.class);
    List<Operand> operands = operands(columns[2], columns[3], traits);
    boolean anyOpcode = encoding.charAt(opcodeColumn) == '*';
    if (!anyOpcode) {
      pattern = restrict(pattern, operands, encoding.startsWith("VEX"));
    }
    int reads = 0;
    int writes = 0;
    for (String word : words(columns[4])) {
      int colon = word.indexOf(':');
      String access = word.substring(0, colon);
      int register = 0;
      for (String name : word.substring(colon + 1).split(",", -1)) {
        register |= Gpr.bit(Gpr.number(name));
      }
      reads |= access.indexOf('r') >= 0 ? register : 0;
      writes |= access.indexOf('w') >= 0 ? register : 0;
    }
    Flow flow = columns[5].startsWith("refuse") ? Flow.STOP : Flow.NEXT;
    String feature = "";
    for (String word : words(columns[6])) {
      switch (word) {
        case "lock" -> traits.add(Trait.LOCK);
        case "hle" -> traits.add(Trait.HLE);
        case "rep" -> traits.add(Trait.REP);
        case "string" -> traits.add(Trait.STRING);
        case "d64" -> traits.add(Trait.D64);
        case "x87" -> traits.add(Trait.X87);
        case "jump" -> flow = Flow.JUMP;
        case "conditional" -> flow = Flow.CONDITIONAL;
        case "call" -> flow = Flow.CALL;
        case "return" -> flow = Flow.RETURN;
        case "indirect-jump" -> flow = Flow.INDIRECT_JUMP;
        case "indirect-call" -> flow = Flow.INDIRECT_CALL;
        case "system-call" -> flow = Flow.SYSTEM_CALL;
        default -> feature = feature(word, feature);
      }
    }
    return new InstructionForm(
        pattern,
        columns[1],
        operands,
        reads,
        writes,
        policy(columns[5]),
        refusal(columns[5]),
        flow,
        traits,
        feature);
  }

  private static String feature(String word, String earlier) {
    if (!earlier.isEmpty()
        || (!Character.isUpperCase(word.charAt(0)) && !Character.isDigit(word.charAt(0)))) {
      throw new IllegalStateException("unknown word: " + word);
    }
    return word;
  }

  private static Policy policy(String column) {
    return switch (column) {
      case "allow" -> Policy.ALLOW;
      case "rewrite" -> Policy.REWRITE;
      case "refuse UD", "refuse GP", "refuse BP" -> Policy.REFUSE;
      default -> throw new IllegalStateException("unknown policy: " + column);
    };
  }

  private static Refusal refusal(String column) {
    return switch (column) {
      case "refuse UD" -> Refusal.INVALID_OPCODE;
      case "refuse GP" -> Refusal.GENERAL_PROTECTION;
      case "refuse BP" -> Refusal.BREAKPOINT;
      default -> Refusal.NONE;
    };
  }

  private static List<Operand> operands(String roles, String types, Set<Trait> traits) {
    List<Operand> operands = new ArrayList<>(4);
    if (types.isEmpty()) {
      return operands;
    }
    String[] typed = types.split(",", -1);
    if (typed.length != roles.length()) {
      throw new IllegalStateException("operands and their places differ in number");
    }
    for (int i = 0; i < typed.length; i++) {
      typed[i] = typed[i].strip();
      String key = String.valueOf(roles.charAt(i)).concat(typed[i]);
      Operand operand = OPERANDS.get(key);
      if (operand == null) {
        operand = OperandNotation.parse(roles.charAt(i), typed[i]);
        OPERANDS.put(key, operand);
      }
      operands.add(operand);
      if (OperandNotation.isSigned(typed[i])) {
        traits.add(Trait.SIGNED);
      }
    }
    return operands;
  }

  /** What the operands' types say of ModRM.mod, SIB and vvvv. */
  private static EncodingPattern restrict(
      EncodingPattern pattern, List<Operand> operands, boolean vex) {
    EncodingPattern result = pattern;
    boolean vvvv = false;
    for (Operand operand : operands) {
      vvvv |= operand.role() == Operand.Role.VVVV;
      if (operand.role() == Operand.Role.MODRM_RM) {
        if (operand.isVectorIndexed()) {
          result = result.withSib();
        } else if (!operand.memory()) {
          result = result.withRegisterForm(true);
        } else if (operand.registerClass() == RegisterClass.NONE) {
          result = result.withRegisterForm(false);
        }
      }
    }
    return vex && !vvvv ? result.withoutVvvv() : result;
  }

  private static String[] words(String text) {
    return text.isEmpty() ? new String[0] : text.split(" ", -1);
  }
}
