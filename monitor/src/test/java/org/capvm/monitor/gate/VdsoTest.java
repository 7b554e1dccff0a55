package org.capvm.monitor.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.machine.layout.Gpr.R10;
import static org.capvm.machine.layout.Gpr.R12;
import static org.capvm.machine.layout.Gpr.R8;
import static org.capvm.machine.layout.Gpr.R9;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RBX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;
import static org.capvm.machine.layout.Gpr.RSP;
import static org.capvm.monitor.gate.HandMadeGuest.DATA;
import static org.capvm.monitor.gate.HandMadeGuest.GATE;
import static org.capvm.monitor.gate.HandMadeGuest.STACK_TOP;
import static org.capvm.monitor.gate.HandMadeGuest.jump;
import static org.capvm.monitor.gate.HandMadeGuest.systemCall;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.data.Offset;
import org.capvm.machine.host.HostPlatform;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.ExitReason;
import org.capvm.monitor.fault.FaultHandlers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** vDSO functions answer guests without an exit. */
@Timeout(60)
class VdsoTest {
  private static final long PC = 0x40_0000;
  private static final long AFTER = 0x40_0010;
  private static final long FUNCTION = 0x50_0000;

  private final HandMadeGuest guest = new HandMadeGuest();

  @TempDir Path directory;

  @AfterEach
  void close() {
    guest.close();
  }

  /** A guest that calls a vDSO function once and then makes a system call. */
  private GuestThread caller(VdsoFunction function) {
    guest.preset(FUNCTION, GATE.vdso(function).orElseThrow());
    guest.code(
        PC,
        (a, g) -> {
          a.push(imm((int) AFTER));
          jump(a, FUNCTION);
        });
    guest.code(AFTER, (a, g) -> systemCall(a, PC));
    return guest.thread(PC);
  }

  @Test
  void theClockIsTheHosts() {
    try (GuestThread thread = caller(VdsoFunction.CLOCK_GETTIME)) {
      Context context = thread.context();
      for (int i = 0; i < 1000; i++) {
        context.setGpr(RDI, 0); // realtime
        context.setGpr(RSI, DATA);
        context.setGpr(RBX, 77);
        long before = System.currentTimeMillis();
        assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
        long after = System.currentTimeMillis();
        long millis =
            guest.slot.memory().getLong(DATA) * 1000
                + guest.slot.memory().getLong(DATA + 8) / 1_000_000;
        assertThat(millis).isBetween(before, after);
        assertThat(context.gpr(RAX)).isZero();
        assertThat(context.gpr(RBX)).isEqualTo(77);
        assertThat(context.gpr(RSP)).isEqualTo(STACK_TOP - 64);
        assertThat(context.pc()).isEqualTo(PC);
      }
    }
  }

  @Test
  void nothingOfTheHostStaysInRegisters() {
    for (VdsoFunction function : VdsoFunction.values()) {
      try (GuestThread thread = caller(function)) {
        Context context = thread.context();
        context.setGpr(RDI, function == VdsoFunction.CLOCK_GETTIME ? 1 : 0);
        context.setGpr(RSI, DATA);
        byte[] ones = new byte[32];
        Arrays.fill(ones, (byte) -1);
        for (int i = 0; i < 16; i++) {
          context.writeVector(i, ones, 0);
        }
        assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
        for (int register : new int[] {RCX, RDX, R8, R9, R10}) {
          assertThat(context.gpr(register)).as("%s: register %d", function, register).isZero();
        }
        assertThat(context.gpr(RSI)).isEqualTo(DATA);
        byte[] seen = new byte[32];
        for (int i = 0; i < 16; i++) {
          context.readVector(i, seen, 0);
          assertThat(seen).isEqualTo(ones);
        }
      }
    }
  }

  @Test
  void theOtherFunctionsAnswerToo() {
    try (GuestThread thread = caller(VdsoFunction.GETTIMEOFDAY)) {
      thread.context().setGpr(RDI, DATA);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(guest.slot.memory().getLong(DATA))
          .isCloseTo(System.currentTimeMillis() / 1000, Offset.offset(1L));
    }
    try (GuestThread thread = caller(VdsoFunction.TIME)) {
      thread.context().setGpr(RDI, DATA + 64);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(thread.context().gpr(RAX)).isEqualTo(guest.slot.memory().getLong(DATA + 64));
      assertThat(thread.context().gpr(RAX))
          .isCloseTo(System.currentTimeMillis() / 1000, Offset.offset(1L));
    }
    try (GuestThread thread = caller(VdsoFunction.CLOCK_GETRES)) {
      thread.context().setGpr(RDI, 1);
      thread.context().setGpr(RSI, DATA);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(guest.slot.memory().getLong(DATA)).isZero();
      assertThat(guest.slot.memory().getLong(DATA + 8)).isEqualTo(1);
    }
    try (GuestThread thread = caller(VdsoFunction.GETCPU)) {
      thread.context().setGpr(RDI, DATA);
      thread.context().setGpr(RSI, DATA + 4);
      guest.slot.memory().putLong(DATA, -1);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(guest.slot.memory().getInt(DATA))
          .isBetween(0, Runtime.getRuntime().availableProcessors() + 1024);
      assertThat(guest.slot.memory().getInt(DATA + 4)).isBetween(0, 1024);
    }
  }

  @Test
  void aClockOfAProcessIsForTheLibraryOs() {
    try (GuestThread thread = caller(VdsoFunction.CLOCK_GETTIME)) {
      for (int clock : new int[] {2, 3, 8, 9, 12, 1000, -6}) {
        thread.context().setPc(PC);
        thread.context().setGpr(RDI, clock);
        thread.context().setGpr(RSI, DATA);
        assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
        assertThat(thread.context().gpr(RAX)).isEqualTo(228);
        assertThat(thread.context().gpr(RDI)).isEqualTo(clock);
        assertThat(thread.context().gpr(RSP)).isEqualTo(STACK_TOP - 64);
        assertThat(thread.context().pc()).isEqualTo(AFTER);
      }
    }
  }

  @Test
  void aBadPointerIsTheGuestsFault() {
    try (GuestThread thread = caller(VdsoFunction.CLOCK_GETTIME)) {
      thread.context().setGpr(RDI, 1);
      thread.context().setGpr(RSI, 0x6000_0000);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultSignal()).isEqualTo(FaultHandlers.SIGSEGV);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(0x6000_0000);
      assertThat(thread.context().pc()).isEqualTo(AFTER);
    }
  }

  @Test
  void aPointerThatIsMadeGoodGetsTheTimeAfterAll() {
    long late = 0x6000_0FF8; // the second word lies on another page than the first
    try (GuestThread thread = caller(VdsoFunction.CLOCK_GETTIME)) {
      thread.setFaultAnswer(
          context -> {
            long page = context.faultGuestAddress() & -4096;
            guest.slot.mapAnonymous(page, 4096, PROT_READ | PROT_WRITE);
            return FaultAnswer.Resolution.RETRY;
          });
      thread.context().setGpr(RDI, 0);
      thread.context().setGpr(RSI, late);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(guest.slot.memory().getLong(late))
          .isCloseTo(System.currentTimeMillis() / 1000, Offset.offset(1L));
      assertThat(guest.slot.memory().getLong(late + 8)).isBetween(0L, 999_999_999L);
      assertThat(thread.context().pc()).isEqualTo(PC);
    }
  }

  @Test
  void aKickWhileAPointerIsMadeGoodIsSeenWhenTheTimeIsThere() {
    try (GuestThread thread = caller(VdsoFunction.CLOCK_GETTIME)) {
      thread.setFaultAnswer(
          context -> {
            guest.slot.mapAnonymous(0x6000_0000, 4096, PROT_READ | PROT_WRITE);
            thread.kick();
            return FaultAnswer.Resolution.RETRY;
          });
      thread.context().setGpr(RDI, 0);
      thread.context().setGpr(RSI, 0x6000_0000);
      assertThat(thread.run()).isEqualTo(ExitReason.KICK);
      assertThat(thread.context().pc()).isEqualTo(AFTER);
      assertThat(guest.slot.memory().getLong(0x6000_0000))
          .isCloseTo(System.currentTimeMillis() / 1000, Offset.offset(1L));
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
    }
  }

  @Test
  void noKickIsLostInALoopOfClockReads() throws Exception {
    guest.preset(FUNCTION, GATE.vdso(VdsoFunction.CLOCK_GETTIME).orElseThrow());
    guest.code(
        PC,
        (a, g) -> {
          a.inc64(R12);
          a.movImmediate32(RDI, 1);
          a.movImmediate32(RSI, (int) DATA);
          a.push(imm((int) PC));
          jump(a, FUNCTION);
        });
    AtomicLong seen = new AtomicLong();
    GuestThread[] running = new GuestThread[1];
    CountDownLatch started = new CountDownLatch(1);
    Thread host =
        new Thread(
            () -> {
              try (GuestThread thread = guest.thread(PC)) {
                running[0] = thread;
                started.countDown();
                while (seen.get() < 1_000) {
                  if (thread.run() != ExitReason.KICK) {
                    throw new AssertionError(thread.context().pc());
                  }
                  // Every place in the loop is "the start" to the hand-made map: begin again.
                  thread.context().setPc(PC);
                  thread.context().setGpr(RSP, STACK_TOP - 64);
                  seen.incrementAndGet();
                }
              }
            });
    host.start();
    started.await();
    for (int i = 0; i < 1_000; i++) {
      while (seen.get() < i && host.isAlive()) {
        Thread.yield();
      }
      running[0].kick();
    }
    host.join();
    assertThat(seen.get()).isEqualTo(1_000);
  }

  @Test
  void theHostsFunctionsUseNoVectorRegisters() throws Exception {
    Path objdump = Path.of("/usr/bin/objdump");
    Assumptions.assumeTrue(Files.isExecutable(objdump), "needs objdump");
    byte[] image = new byte[8192];
    RawMemory.read(HostPlatform.getauxval(HostPlatform.AT_SYSINFO_EHDR), image, 0, image.length);
    Path file = Files.write(directory.resolve("vdso.so"), image);
    for (VdsoFunction function : VdsoFunction.values()) {
      Process process =
          new ProcessBuilder(
                  objdump.toString(), "--disassemble=" + function.symbol(), file.toString())
              .redirectErrorStream(true)
              .start();
      String text = new String(process.getInputStream().readAllBytes());
      assertThat(text).contains("<" + function.symbol()).contains("ret");
      assertThat(text).doesNotContainPattern("%[xyz]?mm[0-9]").doesNotContain("%st");
    }
  }
}
