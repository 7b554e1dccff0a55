package org.capvm.monitor.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RBX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;
import static org.capvm.machine.layout.Gpr.RSP;
import static org.capvm.monitor.fault.FaultHandlers.SIGBUS;
import static org.capvm.monitor.fault.FaultHandlers.SIGFPE;
import static org.capvm.monitor.fault.FaultHandlers.SIGILL;
import static org.capvm.monitor.fault.FaultHandlers.SIGSEGV;
import static org.capvm.monitor.gate.HandMadeGuest.DATA;
import static org.capvm.monitor.gate.HandMadeGuest.STACK;
import static org.capvm.monitor.gate.HandMadeGuest.jump;
import static org.capvm.monitor.gate.HandMadeGuest.systemCall;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.ExitReason;
import org.capvm.monitor.memory.GuestMemoryFault;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Faults of guests are reported exactly, and the JVM's own stay its own. */
@Timeout(120)
class GuestFaultTest {
  private static final long PC = 0x40_0000;
  private static final int SEGV_ACCERR = 2;
  private static final int ILL_ILLOPN = 2;
  private static final int FPE_INTDIV = 1;
  private static final int BUS_ADRERR = 2;
  private static final int TRAP_PAGE_FAULT = 14;
  private static final int ERROR_USER_WRITE = 6;

  private final HandMadeGuest guest = new HandMadeGuest();

  @AfterEach
  void close() {
    guest.close();
    assertThat(HandMadeGuest.GATE.threadsInUse()).isZero();
  }

  @Test
  void aLoadFromTheNullPageIsReportedWithAddressAndRegisters() {
    guest.code(PC, (a, g) -> a.mov64(RAX, Memory.guest(RDI, 8)));
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RAX, 7);
      thread.context().setGpr(RBX, -1);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultSignal()).isEqualTo(SIGSEGV);
      assertThat(thread.context().faultCode()).isEqualTo(SEGV_ACCERR);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(8);
      assertThat(thread.context().faultTrapNumber()).isEqualTo(TRAP_PAGE_FAULT);
      assertThat(thread.context().pc()).isEqualTo(PC);
      assertThat(thread.context().gpr(RAX)).isEqualTo(7);
      assertThat(thread.context().gpr(RBX)).isEqualTo(-1);
    }
  }

  @Test
  void aStoreToTheLastByteOfTheAddressSpaceIsReported() {
    guest.code(PC, (a, g) -> a.mov8(Memory.guest(RDI, 0), RAX));
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RDI, -1);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(0xFFFF_FFFFL);
      assertThat(thread.context().faultError()).isEqualTo(ERROR_USER_WRITE);
    }
  }

  @Test
  void aFaultIsRetriedWhenTheLibraryOsHasMadeRoom() {
    long fresh = 0x2000_0000;
    guest.code(
        PC,
        (a, g) -> {
          a.mov64(Memory.guest(RDI, 0), RAX);
          systemCall(a, PC);
        });
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RDI, fresh);
      thread.context().setGpr(RAX, 5);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      guest.slot.mapAnonymous(fresh, 4096, HostMemory.PROT_READ | HostMemory.PROT_WRITE);
      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
      assertThat(guest.slot.memory().getLong(fresh)).isEqualTo(5);
    }
  }

  @Test
  void aStackThatRunsOutOfTheSlotFaultsInTheGuard() {
    guest.code(PC, (a, g) -> a.push(RAX));
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RSP, 0);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultSignal()).isEqualTo(SIGSEGV);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(0xFFFF_FFF8L);
      assertThat(thread.context().gpr(RSP)).isZero();
    }
  }

  @Test
  void anEndlessRecursionEndsBelowTheStack() {
    guest.code(
        PC,
        (a, g) -> {
          a.push(imm((int) PC));
          jump(a, PC);
        });
    try (GuestThread thread = guest.thread(PC)) {
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(STACK - 8);
      assertThat(thread.context().gpr(RSP)).isEqualTo(STACK);
      assertThat(thread.context().pc()).isEqualTo(PC);
    }
  }

  @Test
  void aStoreToAReadOnlyPageIsReported() {
    guest.slot.protect(DATA, 4096, PROT_READ);
    guest.code(PC, (a, g) -> a.mov64(Memory.guest(RDI, 0), RAX));
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RDI, DATA);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultCode()).isEqualTo(SEGV_ACCERR);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(DATA);
    }
  }

  @Test
  void aReadBeyondTheEndOfAMappedFileIsABusError() {
    int file = HostMemory.memfdCreate("short", HostMemory.MFD_CLOEXEC);
    HostMemory.ftruncate(file, 4096);
    guest.slot.mapFile(0x3000_0000, 8192, PROT_READ, true, file, 0);
    HostMemory.close(file);
    guest.code(PC, (a, g) -> a.mov64(RAX, Memory.guest(RDI, 0)));
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RDI, 0x3000_1000);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultSignal()).isEqualTo(SIGBUS);
      assertThat(thread.context().faultCode()).isEqualTo(BUS_ADRERR);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(0x3000_1000);
      assertThatThrownBy(() -> guest.slot.memory().getInt(0x3000_1000))
          .isInstanceOf(GuestMemoryFault.class);
    }
  }

  @Test
  void aDivisionByZeroIsReportedAtItsPc() {
    guest.code(PC, (a, g) -> a.bytes(0x48, 0xF7, 0xF1)); // div rcx
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RAX, 1);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultSignal()).isEqualTo(SIGFPE);
      assertThat(thread.context().faultCode()).isEqualTo(FPE_INTDIV);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(PC);
      assertThat(thread.context().pc()).isEqualTo(PC);
    }
  }

  @Test
  void anInvalidInstructionIsReportedAtItsPc() {
    guest.code(PC, (a, g) -> a.bytes(0x0F, 0x0B));
    try (GuestThread thread = guest.thread(PC)) {
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultSignal()).isEqualTo(SIGILL);
      assertThat(thread.context().faultCode()).isEqualTo(ILL_ILLOPN);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(PC);
    }
  }

  @Test
  void registersThatASequenceBorrowedAreTheGuestsAgain() {
    // As a string instruction is confined: rdi holds a host address, and rcx lies in a scratch
    // word.
    long host =
        guest.code(
            PC,
            (a, g) -> {
              a.mov64(HandMadeGuest.field(ContextLayout.SPILL), RCX);
              a.mov64(RCX, HandMadeGuest.field(ContextLayout.SLOT_BASE));
              a.mov32(RDI, RDI);
              a.lea64(RDI, Memory.indexed(RDI, RCX, 1, 0));
              a.mov64(Memory.base(RDI, 0), RAX);
              a.bytes(0x0F, 0x0B);
            });
    guest.at(host + 1, PC, 1 << RDI, List.of(RCX));
    try (GuestThread thread = guest.thread(PC)) {
      thread.context().setGpr(RCX, 0x1234_5678_9ABCL);
      thread.context().setGpr(RDI, 0x70_0000);
      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
      assertThat(thread.context().faultGuestAddress()).isEqualTo(0x70_0000);
      assertThat(thread.context().gpr(RDI)).isEqualTo(0x70_0000);
      assertThat(thread.context().gpr(RCX)).isEqualTo(0x1234_5678_9ABCL);
    }
  }

  @Test
  void theJvmsNullChecksAndStackOverflowsWorkWhileGuestsFault() throws Exception {
    guest.code(PC, (a, g) -> a.mov64(RAX, Memory.guest(RDI, 0)));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Integer> faulter =
        () -> {
          int faults = 0;
          try (GuestThread thread = guest.thread(PC)) {
            for (; !done.get() || faults < 1000; faults++) {
              assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
              // On the same thread: implicit null checks are faults that the JVM's handler turns
              // into exceptions, and a stack overflow is one in a guard page.
              assertThat(lengthOrMinusOne(faults % 2 == 0 ? null : "guest")).isLessThan(6);
              if (faults % 100 == 0) {
                assertThatThrownBy(() -> overflow(0)).isInstanceOf(StackOverflowError.class);
              }
            }
          }
          return faults;
        };
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Future<Integer>> results = List.of(threads.submit(faulter), threads.submit(faulter));
      List<byte[]> garbage = new ArrayList<>();
      for (int i = 0; i < 20_000; i++) {
        assertThat(lengthOrMinusOne(i % 3 == 0 ? null : "java")).isLessThan(5);
        garbage.add(new byte[10_000]);
        if (garbage.size() == 1000) {
          garbage.clear();
        }
        if (i % 4000 == 0) {
          System.gc();
          assertThatThrownBy(() -> overflow(0)).isInstanceOf(StackOverflowError.class);
        }
      }
      done.set(true);
      for (Future<Integer> result : results) {
        assertThat(result.get()).isGreaterThanOrEqualTo(1000);
      }
    }
  }

  private static int lengthOrMinusOne(String text) {
    try {
      return text.length();
    } catch (NullPointerException expected) {
      return -1;
    }
  }

  @SuppressWarnings("InfiniteRecursion")
  private static int overflow(int depth) {
    return overflow(depth + 1) + 1;
  }

  @Test
  void tenThreadsFaultAndCallAtOnceWithTheirOwnRegisters() throws Exception {
    guest.code(
        PC,
        (a, g) -> {
          a.lea64(RAX, Memory.indexed(RAX, RSI, 1, 0));
          systemCall(a, PC + 16);
        });
    guest.code(PC + 16, (a, g) -> a.mov64(RDX, Memory.guest(RDI, 0)));
    try (ExecutorService threads = Executors.newFixedThreadPool(10)) {
      List<Future<?>> results = new ArrayList<>();
      for (int n = 1; n <= 10; n++) {
        long step = n;
        results.add(
            threads.submit(
                () -> {
                  try (GuestThread thread = guest.thread(PC)) {
                    Context context = thread.context();
                    context.setGpr(RSI, step);
                    context.setGpr(RDI, step * 8);
                    for (int i = 1; i <= 2000; i++) {
                      context.setPc(PC);
                      assertThat(thread.run()).isEqualTo(ExitReason.SYSTEM_CALL);
                      assertThat(context.gpr(RAX)).isEqualTo(step * i);
                      assertThat(thread.run()).isEqualTo(ExitReason.FAULT);
                      assertThat(context.faultGuestAddress()).isEqualTo(step * 8);
                    }
                  }
                }));
      }
      for (Future<?> result : results) {
        result.get();
      }
    }
  }

  @Test
  void tenThousandFaultingGuestsLeaveNothingBehind() throws Exception {
    guest.code(PC, (a, g) -> a.mov64(RAX, Memory.guest(RDI, 0)));
    faultOnNewThreads(200);
    int mappings = mappings();
    int descriptors = entries("/proc/self/fd");
    int threads = entries("/proc/self/task");
    faultOnNewThreads(10_000);
    assertThat(mappings()).isLessThanOrEqualTo(mappings + 100);
    assertThat(entries("/proc/self/fd")).isLessThanOrEqualTo(descriptors + 2);
    assertThat(entries("/proc/self/task")).isLessThanOrEqualTo(threads + 2);
  }

  private void faultOnNewThreads(int count) throws InterruptedException {
    for (int i = 0; i < count; i++) {
      Thread host =
          new Thread(
              () -> {
                try (GuestThread thread = guest.thread(PC)) {
                  if (thread.run() != ExitReason.FAULT) {
                    throw new AssertionError();
                  }
                }
              });
      host.start();
      host.join();
    }
  }

  private static int mappings() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/maps")).size();
  }

  private static int entries(String directory) throws IOException {
    try (var list = Files.list(Path.of(directory))) {
      return (int) list.count();
    }
  }

  @Test
  void closedSlotsAreEmptyWhenTheyAreReused() {
    for (int i = 0; i < 100; i++) {
      try (HandMadeGuest one = new HandMadeGuest()) {
        assertThat(one.slot.memory().getLong(DATA)).isZero();
        one.slot.memory().putLong(DATA, 1);
        one.slot.mapAnonymous(0x5000_0000, 4096, PROT_READ | HostMemory.PROT_WRITE);
        one.slot.memory().putLong(0x5000_0000, 1);
      }
      try (HandMadeGuest next = new HandMadeGuest()) {
        assertThatThrownBy(() -> next.slot.memory().getLong(0x5000_0000))
            .isInstanceOf(GuestMemoryFault.class);
      }
    }
  }
}
