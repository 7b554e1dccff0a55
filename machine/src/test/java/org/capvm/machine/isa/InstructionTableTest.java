package org.capvm.machine.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.capvm.machine.isa.EncodingGenerator.Opcode;
import org.capvm.machine.isa.Operand.Role;
import org.capvm.machine.layout.Gpr;
import org.junit.jupiter.api.Test;

/** What must hold of the table as a whole. */
class InstructionTableTest {
  private static final List<InstructionForm> ROWS = InstructionTable.all();

  @Test
  void everyRowParsesAndIsThereOnce() {
    assertThat(ROWS).hasSizeGreaterThan(1_500);
    assertThat(ROWS.stream().map(row -> row.encoding() + row.mnemonic() + row.operands()))
        .doesNotHaveDuplicates();
  }

  @Test
  void rowsOfAnOpcodeAgreeOnWhetherThereIsAModrmByte() {
    for (Opcode opcode : EncodingGenerator.opcodes()) {
      InstructionForm[] forms = opcode.forms();
      for (InstructionForm form : forms) {
        assertThat(form.pattern().hasModrm())
            .as("%s", form)
            .isEqualTo(forms[0].pattern().hasModrm());
      }
    }
  }

  @Test
  void aRowForSeveralOpcodesIsOneObject() {
    assertThat(InstructionTable.forms(0, 0, 0x51)).isEqualTo(InstructionTable.forms(0, 0, 0x57));
    assertThat(InstructionTable.forms(0, 1, 0x84)).isEqualTo(InstructionTable.forms(0, 1, 0x8f));
  }

  @Test
  void onlyRefusedRowsSayWhatTheyRaise() {
    assertThat(ROWS)
        .allSatisfy(
            row ->
                assertThat(row.policy() == Policy.REFUSE).isEqualTo(row.refusal() != Refusal.NONE));
  }

  @Test
  void allowedRowsStayInLine() {
    assertThat(allowed()).allSatisfy(row -> assertThat(row.flow()).isEqualTo(Flow.NEXT));
  }

  @Test
  void allowedRowsTouchMemoryOnlyThroughModrm() {
    assertThat(allowed())
        .allSatisfy(
            row ->
                assertThat(row.operands())
                    .allSatisfy(
                        operand ->
                            assertThat(operand.role()).isNotIn(Role.IMPLICIT_MEMORY, Role.MOFFS)));
  }

  @Test
  void allowedRowsUseTheStackPointerOnlyAsAnOperand() {
    int rsp = Gpr.bit(Gpr.RSP);
    assertThat(allowed())
        .allSatisfy(row -> assertThat((row.implicitReads() | row.implicitWrites()) & rsp).isZero());
  }

  @Test
  void allowedRowsWriteNoSegmentControlOrDebugRegister() {
    Set<RegisterClass> classes =
        Set.of(RegisterClass.SEGMENT, RegisterClass.CONTROL, RegisterClass.DEBUG);
    assertThat(allowed())
        .allSatisfy(
            row ->
                assertThat(row.operands())
                    .noneMatch(
                        operand ->
                            classes.contains(operand.registerClass())
                                && operand.access().writes()));
  }

  /** Their operand's address is not the address they access. */
  @Test
  void bitInstructionsWithAnOffsetInARegisterAreNotAllowedOnMemory() {
    assertThat(
            ROWS.stream()
                .filter(row -> row.mnemonic().matches("BT[SRC]?"))
                .filter(row -> row.operands().get(0).memory())
                .filter(row -> row.operands().get(1).role() == Role.MODRM_REG))
        .hasSize(4)
        .allSatisfy(row -> assertThat(row.policy()).isEqualTo(Policy.REWRITE));
  }

  private static List<InstructionForm> allowed() {
    return ROWS.stream().filter(row -> row.policy() == Policy.ALLOW).toList();
  }
}
