package org.capvm.monitor.escape;

import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.monitor.escape.Places.AREA_BYTES;
import static org.capvm.monitor.escape.Places.CODE;
import static org.capvm.monitor.escape.Places.PAGE_BYTES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.capvm.machine.code.CodeMemory;
import org.capvm.machine.code.CodeSpace;
import org.capvm.machine.layout.ExitReason;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.gate.Context;
import org.capvm.monitor.gate.FaultAnswer;
import org.capvm.monitor.gate.FaultPlace;
import org.capvm.monitor.gate.GuestThread;
import org.capvm.monitor.memory.Slot;

/**
 * An address space full of programs, one in each cell of its code, that run one after the other on
 * one or more threads. Programs may change each other.
 *
 * <p>Threads: {@link #run} on any number of platform threads at once.
 */
final class FuzzedGuest implements AutoCloseable, CodeMemory {
  /** A program and bytes that do not decode, so that a translation ends there at the latest. */
  static final int CELL_BYTES = 64;

  static final int CELLS = AREA_BYTES / CELL_BYTES;

  private static final int UNDEFINED_OPCODE = 0x06;
  private static final int VISITS = 8;

  private final Intravisor intravisor;
  private final Slot slot;
  private final CodeSpace space;
  private final List<Program> programs;
  private final List<GuestThread> threads = new CopyOnWriteArrayList<>();

  /**
   * @param programs at most {@link #CELLS}
   */
  FuzzedGuest(Intravisor intravisor, Slot slot, List<Program> programs) {
    this.intravisor = intravisor;
    this.slot = slot;
    this.programs = programs;
    slot.mapAnonymous(Places.FIRST_PAGE, PAGE_BYTES, PROT_READ | PROT_WRITE);
    slot.mapAnonymous(Places.DATA, AREA_BYTES, PROT_READ | PROT_WRITE);
    slot.mapAnonymous(Places.STACK, AREA_BYTES, PROT_READ | PROT_WRITE);
    slot.mapAnonymous(CODE, AREA_BYTES, PROT_READ | PROT_WRITE);
    slot.mapAnonymous(Places.LAST_PAGE, PAGE_BYTES, PROT_READ | PROT_WRITE);
    byte[] code = new byte[AREA_BYTES];
    Arrays.fill(code, (byte) UNDEFINED_OPCODE);
    for (int i = 0; i < programs.size(); i++) {
      byte[] bytes = programs.get(i).code();
      System.arraycopy(bytes, 0, code, i * CELL_BYTES, bytes.length);
    }
    slot.memory().write(CODE, code, 0, code.length);
    space = intravisor.newCodeSpace(slot, this);
    space.map(CODE, AREA_BYTES, null);
  }

  /** Runs programs on the calling thread. */
  final class Runner implements AutoCloseable {
    private final GuestThread thread = intravisor.newGuestThread(slot, space);

    Runner() {
      thread.setFaultAnswer(this::answer);
      threads.add(thread);
    }

    /** Ends the program that runs now, if one does. */
    void kick() {
      thread.kick();
    }

    /**
     * Runs a program until it has left guest code a few times.
     *
     * @throws IllegalStateException if it did what no guest can do
     */
    void run(int number) {
      Program program = programs.get(number);
      Context context = thread.context();
      context.reset();
      for (int register = 0; register < 16; register++) {
        context.setGpr(register, program.registers()[register]);
      }
      context.setFlags(program.flags());
      context.setTlsBase(program.registers()[number & 15] & 0xFFFF_FFFFL);
      context.setPc(CODE + (long) number * CELL_BYTES);
      for (int visit = 0; visit < VISITS; visit++) {
        ExitReason reason = thread.run();
        if (reason == ExitReason.FAULT) {
          FaultPlace.check(context);
        }
        if (reason != ExitReason.SYSTEM_CALL) {
          return;
        }
      }
    }

    private FaultAnswer.Resolution answer(Context context) {
      FaultPlace.check(context);
      long page = context.faultGuestAddress() & -PAGE_BYTES;
      boolean store = (context.faultError() & 2) != 0;
      boolean inCode = page >= CODE && page < CODE + AREA_BYTES;
      if (!store || !inCode || context.faultTrapNumber() != 14) {
        return FaultAnswer.Resolution.NOT_RESOLVED;
      }
      space.discard(page, PAGE_BYTES);
      slot.protect(page, PAGE_BYTES, PROT_READ | PROT_WRITE);
      return FaultAnswer.Resolution.STEP;
    }

    @Override
    public void close() {
      threads.remove(thread);
      thread.close();
    }
  }

  List<Program> programs() {
    return programs;
  }

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
  public void interruptGuests() {
    threads.forEach(GuestThread::kick);
  }

  @Override
  public void close() {
    space.close();
  }
}
