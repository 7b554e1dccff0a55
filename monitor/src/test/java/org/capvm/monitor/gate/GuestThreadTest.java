package org.capvm.monitor.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSP;
import static org.capvm.monitor.gate.HandMadeGuest.DATA;
import static org.capvm.monitor.gate.HandMadeGuest.STACK_TOP;
import static org.capvm.monitor.gate.HandMadeGuest.jump;
import static org.capvm.monitor.gate.HandMadeGuest.systemCall;

import java.util.Random;
import org.capvm.machine.assemble.Alu;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.ExitReason;
import org.capvm.machine.layout.TrapKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ways into a guest and out of it, with confined code made by hand. */
@Timeout(60)
class GuestThreadTest {
  private static final long PC = 0x40_0000;
  private static final long NEXT = 0x40_0010;

  private final HandMadeGuest guest = new HandMadeGuest();

  @AfterEach
  void close() {
    guest.close();
    assertThat(HandMadeGuest.GATE.threadsInUse()).isZero();
  }

  @Test
  void aSystemCallPreservesEveryRegisterFlagAndVector() {
    guest.code(PC, (a, g) -> systemCall(a, PC));
    Random random = new Random(1);
    try (GuestThread thread = guest.thread(PC)) {
      Context context = thread.context();
      byte[] vector = new byte[32];
      byte[] seen = new byte[32];
      for (int round = 0; round < 2000; round++) {
        long[] registers = new long[16];
        for (int i = 0; i < 16; i++) {
          registers[i] = i == RSP ? random.nextInt(0x1000, 0x7FFF_FFFF) : random.nextLong();
          context.setGpr(i, registers[i]);
        }
        byte[][] vectors = new byte[16][32];
        for (int i = 0; i < 16; i++) {
          random.nextBytes(vectors[i]);
          context.writeVector(i, vectors[i], 0);
        }
        long flags = random.nextLong() & 0xCD5 | 0x202;
        context.setFlags(flags);
        int mxcsr = random.nextInt() & 0xE03F | 0x1F80;
        context.setMxcsr(mxcsr);

        assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);

        for (int i = 0; i < 16; i++) {
          assertThat(context.gpr(i)).as("register %d", i).isEqualTo(registers[i]);
          context.readVector(i, seen, 0);
          assertThat(seen).as("vector %d", i).isEqualTo(vectors[i]);
        }
        assertThat(context.flags()).isEqualTo(flags);
        assertThat(context.mxcsr()).isEqualTo(mxcsr);
        assertThat(context.pc()).isEqualTo(PC);
      }
      assertThat(vector).hasSize(32);
    }
  }

  @Test
  void codeGoesOnAfterASystemCall() {
    guest.code(
        PC,
        (a, g) -> {
          a.alu64(Alu.ADD, RAX, imm(1));
          systemCall(a, NEXT);
        });
    guest.code(
        NEXT,
        (a, g) -> {
          a.alu64(Alu.ADD, RAX, RAX);
          systemCall(a, PC);
        });
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RAX, 20);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(thread.context().gpr(RAX)).isEqualTo(21);
      assertThat(thread.context().pc()).isEqualTo(NEXT);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(thread.context().gpr(RAX)).isEqualTo(42);
      assertThat(thread.context().pc()).isEqualTo(PC);
    }
  }

  @Test
  void guestMemoryIsWhereTheGuestSaysItIs() {
    guest.code(
        PC,
        (a, g) -> {
          a.mov64(Memory.guest(RDI, 8), RAX);
          a.push(RCX);
          systemCall(a, NEXT);
        });
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RAX, 0x1122_3344_5566_7788L);
      thread.context().setGpr(RCX, 99);
      thread.context().setGpr(RDI, 0xFFFF_FFFF_0000_0000L + DATA);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(guest.slot.memory().getLong(DATA + 8)).isEqualTo(0x1122_3344_5566_7788L);
      assertThat(thread.context().gpr(RSP)).isEqualTo(STACK_TOP - 72);
      assertThat(guest.slot.memory().getLong(STACK_TOP - 72)).isEqualTo(99);
    }
  }

  @Test
  void codeThatIsMissedIsResolvedAndRun() {
    guest.lazyCode(PC, (a, g) -> jump(a, NEXT));
    guest.lazyCode(NEXT, (a, g) -> systemCall(a, PC));
    try (GuestThread thread = guest.thread(PC)) {
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
    }
  }

  @Test
  void aJumpToWhatIsNoCodeIsATrapAtThatPc() {
    for (long target : new long[] {0, 0x1234, 0x7FFF_FFFF, 0x8000_0000L, 0xFFFF_FFFFL}) {
      guest.code(PC, (a, g) -> jump(a, target));
      try (GuestThread thread = guest.thread(PC)) {
        assertThat(thread.run()).isEqualTo(ExitReason.TRAP);
        assertThat(thread.context().trapKind()).isEqualTo(TrapKind.NOT_EXECUTABLE);
        assertThat(thread.context().pc()).isEqualTo(target);
      }
    }
  }

  @Test
  void theOtherGatesReportTheirReasons() {
    guest.code(
        PC,
        (a, g) -> {
          a.mov32(HandMadeGuest.field(ContextLayout.TRAP_KIND), imm(TrapKind.BREAKPOINT.code()));
          a.mov32(HandMadeGuest.field(ContextLayout.PC), imm((int) NEXT));
          a.jmp(HandMadeGuest.GATE.entries().trap());
        });
    guest.code(
        NEXT,
        (a, g) -> {
          a.mov32(HandMadeGuest.field(ContextLayout.PC), imm((int) NEXT));
          a.jmp(HandMadeGuest.GATE.entries().emulate());
        });
    try (GuestThread thread = guest.thread(PC)) {
      assertThat(thread.run()).isEqualTo(ExitReason.TRAP);
      assertThat(thread.context().trapKind()).isEqualTo(TrapKind.BREAKPOINT);
      assertThat(thread.run()).isEqualTo(ExitReason.EMULATE);
      assertThat(thread.context().pc()).isEqualTo(NEXT);
    }
  }

  @Test
  void nothingOfTheHostIsInTheRegistersOfANewGuest() {
    guest.code(PC, (a, g) -> systemCall(a, PC));
    double heat = 1;
    for (int i = 1; i < 100_000; i++) {
      heat = heat * 1.0001 + Math.sqrt(i);
    }
    assertThat(heat).isPositive();
    try (GuestThread thread = guest.thread(PC)) {
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      byte[] seen = new byte[32];
      for (int i = 0; i < 16; i++) {
        if (i != RSP) {
          assertThat(thread.context().gpr(i)).as("register %d", i).isZero();
        }
        thread.context().readVector(i, seen, 0);
        assertThat(seen).as("vector %d", i).containsOnly(0);
      }
      assertThat(thread.context().flags()).isEqualTo(0x202);
      assertThat(thread.context().mxcsr()).isEqualTo(0x1F80);
    }
  }

  @Test
  void mmxRegistersHoldNothingOfTheHostAtTheirFirstUse() {
    guest.code(
        PC,
        (a, g) -> {
          a.mov8(HandMadeGuest.field(ContextLayout.X87_USED), imm(1));
          for (int i = 0; i < 8; i++) {
            a.bytes(0x65, 0x67, 0x0F, 0x7F, 0x47 | i << 3, 8 * i); // movq gs:[edi+8*i], mm_i
          }
          systemCall(a, PC);
        });
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RDI, DATA);
      guest.slot.memory().fill(DATA, 64, (byte) -1);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      for (int i = 0; i < 8; i++) {
        assertThat(guest.slot.memory().getLong(DATA + 8 * i)).as("mm%d", i).isZero();
      }
    }
  }

  @Test
  void x87StateSurvivesVisitsOutside() {
    guest.code(
        PC,
        (a, g) -> {
          a.mov8(HandMadeGuest.field(ContextLayout.X87_USED), imm(1));
          a.bytes(0x65, 0x67, 0xD9, 0x2F); // fldcw gs:[edi]
          a.bytes(0x65, 0x67, 0xDD, 0x47, 8); // fld qword gs:[edi+8]
          systemCall(a, NEXT);
        });
    guest.code(
        NEXT,
        (a, g) -> {
          a.bytes(0x65, 0x67, 0xD9, 0x7F, 4); // fnstcw gs:[edi+4]
          a.bytes(0x65, 0x67, 0xDD, 0x5F, 16); // fstp qword gs:[edi+16]
          systemCall(a, PC);
        });
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RDI, DATA);
      guest.slot.memory().putInt(DATA, 0x0F7F);
      guest.slot.memory().putLong(DATA + 8, Double.doubleToLongBits(Math.PI));
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(Math.IEEEremainder(17.5, 4)).isEqualTo(1.5);
      assertThat(17.5 % 4).isEqualTo(1.5);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(guest.slot.memory().getShort(DATA + 4)).isEqualTo((short) 0x0F7F);
      assertThat(guest.slot.memory().getLong(DATA + 16))
          .isEqualTo(Double.doubleToLongBits(Math.PI));
    }
  }

  @Test
  void theX87StatusSurvivesArithmeticOutside() {
    guest.code(
        PC,
        (a, g) -> {
          a.mov8(HandMadeGuest.field(ContextLayout.X87_USED), imm(1));
          a.bytes(0x65, 0x67, 0xDD, 0x47, 8); // fld qword gs:[edi+8]
          a.bytes(0x65, 0x67, 0xDC, 0x77, 16); // fdiv qword gs:[edi+16]
          a.bytes(0x65, 0x67, 0xDD, 0x5F, 24); // fstp qword gs:[edi+24]
          systemCall(a, NEXT);
        });
    guest.code(
        NEXT,
        (a, g) -> {
          a.fnstswAx();
          systemCall(a, NEXT);
        });
    int precision = 0x20;
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RDI, DATA);
      guest.slot.memory().putLong(DATA + 8, Double.doubleToLongBits(1));
      guest.slot.memory().putLong(DATA + 16, Double.doubleToLongBits(3));
      for (int i = 0; i < 100; i++) {
        thread.context().setPc(PC);
        assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
        for (int j = 0; j < 3; j++) {
          assertThat((17.5 + i) % 4).isEqualTo((1.5 + i) - 4 * Math.floor((1.5 + i) / 4));
          assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
          assertThat(thread.context().gpr(RAX) & 0xFFFF).isEqualTo(precision);
        }
      }
      byte[] image = new byte[Context.FXSAVE_BYTES];
      thread.context().readFxsave(image, 0);
      assertThat(image[2]).isEqualTo((byte) precision);
      image[2] = 0;
      thread.context().writeFxsave(image, 0);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(thread.context().gpr(RAX) & 0xFFFF).isZero();
    }
  }

  @Test
  void javaKeepsItsDirectionFlagAndRoundingWhateverTheGuestDoes() {
    guest.code(
        PC,
        (a, g) -> {
          a.std();
          a.push(imm(0xFF80)); // round towards zero, flush to zero, all exceptions masked
          a.ldmxcsr(Memory.base(RSP, 0));
          systemCall(a, PC);
        });
    try (GuestThread thread = guest.thread(PC)) {
      for (int i = 0; i < 1000; i++) {
        assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
        byte[] from = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
        assertThat(from.clone()).isEqualTo(from);
        assertThat(1.0f / 3 * 3 + Float.MIN_VALUE * i).isGreaterThanOrEqualTo(1.0f);
        assertThat(Float.MIN_NORMAL / (2 + i % 2)).isNotZero();
      }
      assertThat(thread.context().flags() & 0x400).isEqualTo(0x400);
    }
  }

  @Test
  void aThreadCanMoveToAnotherAddressSpace() {
    guest.code(
        PC,
        (a, g) -> {
          a.mov64(RAX, Memory.guest(RDI, 0));
          systemCall(a, PC);
        });
    try (HandMadeGuest other = new HandMadeGuest();
        GuestThread thread = guest.thread(PC)) {
      other.code(
          PC,
          (a, g) -> {
            a.mov64(RDX, Memory.guest(RDI, 0));
            systemCall(a, PC);
          });
      guest.slot.memory().putLong(DATA, 1);
      other.slot.memory().putLong(DATA, 2);
      thread.context().setGpr(RDI, DATA);
      thread.run();
      assertThat(thread.context().gpr(RAX)).isEqualTo(1);
      thread.enterSlot(other.slot, other);
      thread.run();
      assertThat(thread.context().gpr(RDX)).isEqualTo(2);
      thread.enterSlot(guest.slot, guest);
      thread.context().setGpr(RAX, 0);
      thread.run();
      assertThat(thread.context().gpr(RAX)).isEqualTo(1);
    }
  }

  @Test
  void guestsThatTakeTurnsOnOneThreadSeeTheirOwnMemoryOnly() {
    guest.code(
        PC,
        (a, g) -> {
          a.mov64(RAX, Memory.guest(RDI, 0));
          systemCall(a, PC);
        });
    try (HandMadeGuest other = new HandMadeGuest()) {
      other.code(
          PC,
          (a, g) -> {
            a.mov64(RAX, Memory.guest(RDI, 0));
            systemCall(a, PC);
          });
      guest.slot.memory().putLong(DATA, 1);
      other.slot.memory().putLong(DATA, 2);
      try (GuestThread outer = guest.thread(PC);
          GuestThread inner = other.thread(PC)) {
        outer.context().setGpr(RDI, DATA);
        inner.context().setGpr(RDI, DATA);
        for (int i = 0; i < 100; i++) {
          outer.run();
          inner.run();
          assertThat(outer.context().gpr(RAX)).isEqualTo(1);
          assertThat(inner.context().gpr(RAX)).isEqualTo(2);
        }
      }
    }
  }

  @Test
  void guestsThatTakeTurnsOnOneThreadSeeNoX87RegistersOfEachOther() {
    guest.code(
        PC,
        (a, g) -> {
          a.mov8(HandMadeGuest.field(ContextLayout.X87_USED), imm(1));
          a.bytes(0x65, 0x67, 0x0F, 0x6F, 0x07); // movq mm0, gs:[edi]
          a.bytes(0x0F, 0x77); // emms
          systemCall(a, PC);
        });
    guest.slot.memory().putLong(DATA, 0x5EC2E7);
    try (HandMadeGuest other = new HandMadeGuest()) {
      other.code(PC, (a, g) -> systemCall(a, NEXT));
      other.code(
          NEXT,
          (a, g) -> {
            a.mov8(HandMadeGuest.field(ContextLayout.X87_USED), imm(1));
            a.bytes(0x65, 0x67, 0x0F, 0x7F, 0x07); // movq gs:[edi], mm0
            a.bytes(0x0F, 0x77); // emms
            systemCall(a, NEXT);
          });
      try (GuestThread owner = guest.thread(PC);
          GuestThread curious = other.thread(PC)) {
        owner.context().setGpr(RDI, DATA);
        curious.context().setGpr(RDI, DATA);
        for (int i = 0; i < 10; i++) {
          owner.run();
          curious.run();
          curious.run();
          assertThat(other.slot.memory().getLong(DATA)).isZero();
        }
      }
    }
  }
}
