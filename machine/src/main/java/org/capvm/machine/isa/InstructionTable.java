package org.capvm.machine.isa;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Finds the rows of {@code instructions.txt} for an opcode.
 *
 * <p>Loading the class reads the file and notes where each row is and which opcodes it is for. A
 * row is parsed when one of its opcodes is first asked for, since a program uses few of them and
 * start-up time counts.
 *
 * <p>Safe for use by any thread: rows are published through {@link #FORMS}, and parsed under the
 * class's lock.
 */
final class InstructionTable {
  /** The highest opcode map that is looked up: XOP's map A. */
  static final int LAST_MAP = 10;

  private static final InstructionForm[] NO_FORMS = {};

  /** Rows by slot, in the table's order; null where not asked for yet. */
  private static final AtomicReferenceArray<InstructionForm[]> FORMS =
      new AtomicReferenceArray<>(RowIndex.SLOTS);

  private static final RowIndex INDEX = new RowIndex(load());

  /**
   * Parsed rows by row number, so that a row for several opcodes is one object. Guarded by the
   * class's lock.
   */
  private static final InstructionForm[] PARSED = new InstructionForm[INDEX.rows()];

  private InstructionTable() {}

  /**
   * The rows for an opcode, in the order in which they are to be tried; empty if there are none.
   *
   * @param family as {@link Encoding#family}
   * @param map 0 to {@link #LAST_MAP}
   * @param opcode 0 to 255
   */
  static InstructionForm[] forms(int family, int map, int opcode) {
    int slot = RowIndex.slot(family, map, opcode);
    InstructionForm[] forms = FORMS.getAcquire(slot);
    return forms != null ? forms : parse(slot);
  }

  /** Every row of the table, in its order. */
  static synchronized List<InstructionForm> all() {
    List<InstructionForm> all = new ArrayList<>();
    for (int row = 0; row < PARSED.length; row++) {
      all.add(form(row));
    }
    return all;
  }

  private static synchronized InstructionForm[] parse(int slot) {
    int[] rows = INDEX.rowsOf(slot);
    InstructionForm[] forms = rows.length == 0 ? NO_FORMS : new InstructionForm[rows.length];
    for (int i = 0; i < rows.length; i++) {
      forms[i] = form(rows[i]);
    }
    FORMS.setRelease(slot, forms);
    return forms;
  }

  private static InstructionForm form(int row) {
    if (PARSED[row] == null) {
      PARSED[row] = RowParser.parse(INDEX.line(row), INDEX.opcodeColumn(row));
    }
    return PARSED[row];
  }

  private static byte[] load() {
    try (InputStream stream = InstructionTable.class.getResourceAsStream("instructions.txt")) {
      if (stream == null) {
        throw new IllegalStateException("the instruction table is missing from this build");
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the instruction table", e);
    }
  }
}
