package org.capvm.monitor.gate;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RBX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.monitor.gate.HandMadeGuest.DATA;
import static org.capvm.monitor.gate.HandMadeGuest.jump;
import static org.capvm.monitor.gate.HandMadeGuest.systemCall;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.capvm.machine.assemble.Alu;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.host.NativeCall;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.ExitReason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Kicks stop any guest, at an instruction boundary, and none is lost. */
@Timeout(120)
class KickTest {
  private static final long PC = 0x40_0000;
  private static final long LOOP = 0x40_0100;

  private final HandMadeGuest guest = new HandMadeGuest();
  private final ExecutorService executor = Executors.newCachedThreadPool();

  @AfterEach
  void close() throws InterruptedException {
    executor.shutdown();
    assertThat(executor.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
    guest.close();
    assertThat(HandMadeGuest.GATE.threadsInUse()).isZero();
  }

  /** Runs a guest on a thread of its own until it has been kicked so many times. */
  private Future<long[]> runUntilKicked(
      int kicks, SynchronousQueue<GuestThread> started, AtomicLong seen) {
    return executor.submit(
        () -> {
          try (GuestThread thread = guest.thread(PC)) {
            thread.context().setGpr(RDI, DATA);
            started.put(thread);
            while (seen.get() < kicks) {
              ExitReason reason = thread.run();
              if (reason == ExitReason.KICK) {
                seen.incrementAndGet();
              } else {
                assertThat(reason).isEqualTo(ExitReason.SYSTEM_CALL);
              }
            }
            long[] registers = new long[17];
            for (int i = 0; i < 16; i++) {
              registers[i] = thread.context().gpr(i);
            }
            registers[16] = thread.context().pc();
            return registers;
          }
        });
  }

  private long[] kickOneByOne(int kicks) throws Exception {
    SynchronousQueue<GuestThread> started = new SynchronousQueue<>();
    AtomicLong seen = new AtomicLong();
    Future<long[]> result = runUntilKicked(kicks, started, seen);
    GuestThread thread = started.take();
    for (int i = 0; i < kicks; i++) {
      // The next kick comes when this one has been answered: a lost one would hang the test.
      while (seen.get() < i) {
        Thread.yield();
      }
      thread.kick();
    }
    return result.get(60, TimeUnit.SECONDS);
  }

  @Test
  void anEndlessLoopOfOneInstructionIsStopped() throws Exception {
    guest.code(PC, (a, g) -> a.jmp(a.here()));
    assertThat(kickOneByOne(300)[16]).isEqualTo(PC);
  }

  @Test
  void anEndlessLoopThroughTheBranchTableIsStopped() throws Exception {
    guest.code(PC, (a, g) -> jump(a, PC));
    assertThat(kickOneByOne(300)[16]).isEqualTo(PC);
  }

  @Test
  void noKickIsLostWhileAGuestEntersAndLeavesAllTheTime() throws Exception {
    guest.code(PC, (a, g) -> systemCall(a, PC));
    kickOneByOne(1_000);
  }

  @Test
  void noKickIsLostOnTheWayOfAGuestThatUsesX87AndGoesDown() throws Exception {
    guest.code(
        PC,
        (a, g) -> {
          a.mov8(HandMadeGuest.field(ContextLayout.X87_USED), imm(1));
          a.fninit();
          a.bytes(0xD9, 0xE8); // fld1: not what Java expects to find
          a.std();
          systemCall(a, PC);
        });
    kickOneByOne(1_000);
  }

  @Test
  void noKickIsLostWhileFaultsAreRetriedAllTheTime() throws Exception {
    long late = 0x2000_0000;
    guest.code(
        PC,
        (a, g) -> {
          a.movImmediate32(RDI, (int) late);
          a.mov64(Memory.guest(RDI, 0), RAX);
          jump(a, PC);
        });
    SynchronousQueue<GuestThread> started = new SynchronousQueue<>();
    AtomicLong seen = new AtomicLong();
    AtomicLong faults = new AtomicLong();
    int kicks = 1_000;
    Future<?> result =
        executor.submit(
            () -> {
              try (GuestThread thread = guest.thread(PC)) {
                thread.setFaultAnswer(
                    context -> {
                      guest.slot.mapAnonymous(late, 4096, PROT_READ | PROT_WRITE);
                      faults.incrementAndGet();
                      return FaultAnswer.Resolution.RETRY;
                    });
                started.put(thread);
                while (seen.get() < kicks) {
                  guest.slot.unmap(late, 4096);
                  assertThat(thread.run()).isEqualTo(ExitReason.KICK);
                  seen.incrementAndGet();
                }
              }
              return null;
            });
    GuestThread thread = started.take();
    for (int i = 0; i < kicks; i++) {
      while (seen.get() < i && !result.isDone()) {
        Thread.yield();
      }
      thread.kick();
    }
    result.get(60, TimeUnit.SECONDS);
    assertThat(faults.get()).isPositive();
  }

  @Test
  void noKickIsLostWhileAGuestMissesAllTheTime() throws Exception {
    // Alternates between two pcs whose table entries are taken away again at once.
    int additionBytes = 4;
    long first =
        guest.code(
            PC,
            (a, g) -> {
              a.alu64(Alu.ADD, RAX, imm(1));
              jump(a, LOOP);
            });
    guest.at(first + additionBytes, PC, false);
    long second =
        guest.lazyCode(
            LOOP,
            (a, g) -> {
              a.alu64(Alu.ADD, RBX, imm(1));
              jump(a, PC);
            });
    guest.at(second + additionBytes, LOOP, false);
    AtomicLong stop = new AtomicLong();
    Future<?> eraser =
        executor.submit(
            () -> {
              while (stop.get() == 0) {
                guest.preset(LOOP, 0);
                Thread.yield();
              }
            });
    long[] registers = kickOneByOne(1_000);
    stop.set(1);
    eraser.get();
    assertThat(registers[RAX] - registers[RBX]).isBetween(0L, 1L);
  }

  @Test
  void aKickEndsAtAnInstructionBoundary() throws Exception {
    // One guest instruction, "inc rax; inc rbx" as two host instructions: never one without the
    // other.
    long host =
        guest.code(
            PC,
            (a, g) -> {
              a.inc64(RAX);
              a.inc64(RBX);
              a.mov32(HandMadeGuest.field(ContextLayout.SPILL), RAX);
              jump(a, PC);
            });
    guest.at(host + 3, PC, false);
    guest.at(host + 6, LOOP, true);
    guest.at(host + 7, LOOP, false);
    SynchronousQueue<GuestThread> started = new SynchronousQueue<>();
    Future<Integer> result =
        executor.submit(
            () -> {
              int middle = 0;
              try (GuestThread thread = guest.thread(PC)) {
                started.put(thread);
                // Where kicks find the guest depends on the processor: until one is in the middle.
                for (int i = 0; i < 500 || middle == 0 && i < 50_000; i++) {
                  thread.context().setPc(PC);
                  assertThat(thread.run()).isEqualTo(ExitReason.KICK);
                  assertThat(thread.context().gpr(RAX)).isEqualTo(thread.context().gpr(RBX));
                  assertThat(thread.context().pc()).isIn(PC, LOOP);
                  middle += thread.context().pc() == LOOP ? 1 : 0;
                }
              }
              return middle;
            });
    GuestThread thread = started.take();
    while (!result.isDone()) {
      thread.kick();
      Thread.sleep(0, 50_000);
    }
    assertThat(result.get()).isPositive();
  }

  @Test
  void aStormOfKicksFromSeveralThreadsDisturbsNothing() throws Exception {
    guest.code(
        PC,
        (a, g) -> {
          a.alu64(Alu.ADD, Memory.guest(RDI, 0), imm(1));
          a.alu64(Alu.ADD, RBX, imm(1));
          systemCall(a, PC);
        });
    AtomicLong stop = new AtomicLong();
    SynchronousQueue<GuestThread> started = new SynchronousQueue<>();
    Future<?> result =
        executor.submit(
            () -> {
              try (GuestThread thread = guest.thread(PC)) {
                thread.context().setGpr(RDI, DATA);
                started.put(thread);
                long calls = 0;
                for (int i = 0; i < 30_000; i++) {
                  if (thread.run() == ExitReason.SYSTEM_CALL) {
                    calls++;
                    assertThat(thread.context().gpr(RBX)).isEqualTo(calls);
                    assertThat(guest.slot.memory().getLong(DATA)).isEqualTo(calls);
                  } else {
                    // Between the addition in memory and that in the register, or at the start: the
                    // hand-made map calls every place the start, so the memory may be ahead by one.
                    thread.context().setPc(PC);
                    thread.context().setGpr(RBX, calls);
                    guest.slot.memory().putLong(DATA, calls);
                  }
                }
              } finally {
                stop.set(1);
              }
              return null;
            });
    GuestThread thread = started.take();
    for (int i = 0; i < 3; i++) {
      executor.submit(
          () -> {
            while (stop.get() == 0) {
              thread.kick();
              Thread.yield();
            }
          });
    }
    result.get(100, TimeUnit.SECONDS);
    thread.kick(); // after close: does nothing
  }

  @Test
  void garbageIsCollectedWhileAGuestLoops() throws Exception {
    guest.code(PC, (a, g) -> a.jmp(a.here()));
    SynchronousQueue<GuestThread> started = new SynchronousQueue<>();
    Future<long[]> result = runUntilKicked(1, started, new AtomicLong());
    GuestThread thread = started.take();
    for (int i = 0; i < 5; i++) {
      System.gc();
    }
    assertThat(result.isDone()).isFalse();
    thread.kick();
    assertThat(result.get(10, TimeUnit.SECONDS)[16]).isEqualTo(PC);
  }

  @Test
  void aKickEndsABlockingCallToTheHost() throws Exception {
    MethodHandle poll =
        NativeCall.withErrno(
            "poll", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
    SynchronousQueue<GuestThread> started = new SynchronousQueue<>();
    Future<Integer> result =
        executor.submit(
            () -> {
              try (GuestThread thread = guest.thread(PC)) {
                started.put(thread);
                try {
                  int answer = (int) poll.invokeExact(NativeCall.errnoState(), 0L, 0, -1);
                  return answer < 0 ? NativeCall.errno() : 0;
                } catch (Throwable unexpected) {
                  throw new IllegalStateException(unexpected);
                }
              }
            });
    GuestThread thread = started.take();
    while (!result.isDone()) {
      thread.kick();
      Thread.sleep(1);
    }
    int interrupted = 4;
    assertThat(result.get()).isEqualTo(interrupted);
  }

  @Test
  void aKickBeforeAVisitIsAnsweredByTheVisit() {
    guest.code(PC, (a, g) -> systemCall(a, PC));
    try (GuestThread thread = guest.thread(PC)) {
      thread.kick();
      assertThat(thread.run()).isEqualTo(ExitReason.KICK);
      assertThat(thread.context().pc()).isEqualTo(PC);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
    }
  }
}
