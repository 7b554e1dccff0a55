package org.capvm.monitor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;

import java.lang.foreign.MemorySegment;
import org.capvm.machine.code.CodeMemory;
import org.capvm.machine.code.CodeSpace;
import org.capvm.machine.layout.ExitReason;
import org.capvm.monitor.gate.GuestThread;
import org.capvm.monitor.memory.Slot;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole trusted machinery, from guest bytes to an exit. */
@Timeout(60)
class IntravisorTest {
  private static final long CODE = 0x40_0000;
  private static final long DATA = 0x50_0000;

  private record Memory(Slot slot) implements CodeMemory {
    @Override
    public int read(long guestAddress, byte[] target, int targetOffset, int lengthBytes) {
      MemorySegment part = MemorySegment.ofArray(target).asSlice(targetOffset, lengthBytes);
      return (int) slot.memory().readAvailable(guestAddress, part);
    }

    @Override
    public void protect(long guestAddress, long lengthBytes) {
      slot.protect(guestAddress, lengthBytes, PROT_READ);
    }

    @Override
    public boolean take(long bytes) {
      return true;
    }

    @Override
    public void interruptGuests() {}
  }

  @Test
  void guestCodeIsTranslatedAndRun() {
    // mov [0x500000], edi; lea eax, [rdi + 1]; syscall; mov eax, [0xdead0000]
    byte[] code = {
      (byte) 0x89,
      0x3C,
      0x25,
      0,
      0,
      0x50,
      0,
      (byte) 0x8D,
      0x47,
      1,
      0x0F,
      0x05,
      (byte) 0x8B,
      0x04,
      0x25,
      0,
      0,
      (byte) 0xAD,
      0x5E
    };
    try (Intravisor intravisor = Intravisor.start(IntravisorOptions.defaults());
        Slot slot = intravisor.newSlot();
        CodeSpace space = intravisor.newCodeSpace(slot, new Memory(slot))) {
      slot.mapAnonymous(CODE, 4096, PROT_READ | PROT_WRITE);
      slot.mapAnonymous(DATA, 4096, PROT_READ | PROT_WRITE);
      slot.memory().write(CODE, code, 0, code.length);
      space.map(CODE, 4096, null);
      try (GuestThread thread = intravisor.newGuestThread(slot, space)) {
        thread.context().setPc(CODE);
        thread.context().setGpr(7, 41);
        assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
        assertThat(thread.context().gpr(0)).isEqualTo(42);
        assertThat(slot.memory().getInt(DATA)).isEqualTo(41);
        assertThat(thread.context().pc()).isEqualTo(CODE + 12);

        assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
        assertThat(thread.context().faultSignal()).isEqualTo(11);
        assertThat(thread.context().faultCode()).isEqualTo(2); // reserved, not accessible
        assertThat(thread.context().faultGuestAddress()).isEqualTo(0x5EAD_0000L);
        assertThat(thread.context().pc()).isEqualTo(CODE + 12);
        assertThat(intravisor.statistics().guestThreads()).isEqualTo(1);
        assertThatThrownBy(intravisor::close).isInstanceOf(IllegalStateException.class);
      }
      assertThat(intravisor.statistics().slots()).isEqualTo(1);
    }
  }

  @Test
  void thereIsOneIntravisorPerJvmAtATime() {
    try (Intravisor first = Intravisor.start(IntravisorOptions.defaults())) {
      assertThatThrownBy(() -> Intravisor.start(IntravisorOptions.defaults()))
          .isInstanceOf(IllegalStateException.class);
      assertThat(first.statistics().slots()).isZero();
    }
    Intravisor.start(IntravisorOptions.defaults()).close();
  }
}
