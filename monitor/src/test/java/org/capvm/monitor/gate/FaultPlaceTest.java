package org.capvm.monitor.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RDI;

import org.capvm.machine.assemble.Memory;
import org.capvm.machine.layout.ExitReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The fuzzers' judge of page faults knows an escape when it sees one. */
final class FaultPlaceTest {
  private static final long PC = 0x40_0000;

  /** Linux never maps the first pages of a process. */
  private static final long NOTHING_IS_THERE = 0x100;

  private final HandMadeGuest guest = new HandMadeGuest();

  @AfterEach
  void close() {
    guest.close();
  }

  @Test
  void anAccessOutsideTheSlotIsAnEscape() {
    guest.code(PC, (a, g) -> a.bytes(0x48, 0x8B, 0x07)); // mov rax, [rdi], unconfined
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(7, NOTHING_IS_THERE);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThatThrownBy(() -> FaultPlace.check(thread.context()))
          .hasMessageContaining("reached for 0x%x".formatted(NOTHING_IS_THERE));
    }
  }

  @Test
  void anAccessToTheSlotOrItsGuardsIsNot() {
    guest.code(PC, (a, g) -> a.mov64(RAX, Memory.guest(RDI, 0)));
    guest.code(PC + 16, (a, g) -> a.push(RAX));
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(7, 0xFFFF_FFFFL);
      thread.run();
      assertThatCode(() -> FaultPlace.check(thread.context())).doesNotThrowAnyException();
      thread.context().setGpr(4, 0);
      thread.context().setPc(PC + 16);
      thread.run();
      assertThatCode(() -> FaultPlace.check(thread.context())).doesNotThrowAnyException();
    }
  }
}
