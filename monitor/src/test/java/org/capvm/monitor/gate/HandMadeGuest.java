package org.capvm.monitor.gate;

import static org.capvm.machine.host.HostMemory.MAP_NORESERVE;
import static org.capvm.machine.host.HostMemory.MAP_SHARED;
import static org.capvm.machine.host.HostMemory.MFD_CLOEXEC;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;
import static org.capvm.machine.layout.SlotLayout.BRANCH_TABLE_BYTES;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Immediate;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.code.CodeCache;
import org.capvm.machine.code.CodeUser;
import org.capvm.machine.code.Translations;
import org.capvm.machine.host.HostMemory;
import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.SlotLayout;
import org.capvm.machine.translate.CodeLocation;
import org.capvm.machine.translate.RegisterFixup;
import org.capvm.monitor.memory.Slot;
import org.capvm.monitor.memory.SlotAllocator;

/**
 * An address space whose "translations" tests assemble by hand.
 *
 * <pre>
 *   guest 0x0001_0000  data, 64 KiB, read and write
 *   guest 0x0010_0000  stack, 64 KiB, growing down from 0x0011_0000
 *   guest 0x0040_0000… code: exists as translations only
 * </pre>
 */
final class HandMadeGuest implements AutoCloseable, Translations {
  static final long DATA = 0x1_0000;
  static final long STACK = 0x10_0000;
  static final long STACK_TOP = 0x11_0000;
  static final long AREA_BYTES = 0x1_0000;

  static final CodeCache CACHE = CodeCache.create(64 << 20);
  static final Gate GATE = new Gate(CACHE);
  static final SlotAllocator SLOTS = new SlotAllocator(GATE.access());
  private static final AtomicLong NEXT_CODE = new AtomicLong(CodeCache.GATE_BYTES);

  final Slot slot = SLOTS.allocate();
  private final int table = HostMemory.memfdCreate("test-branches", MFD_CLOEXEC);
  private final long tableAddress;

  /** Code that {@link #resolve} puts into the branch table when it is first missed. */
  private final Map<Long, Long> lazy = new ConcurrentHashMap<>();

  /** Guest pc and state by host address; an entry speaks for all addresses up to the next. */
  private final TreeMap<Long, CodeLocation> locations = new TreeMap<>();

  HandMadeGuest() {
    HostMemory.ftruncate(table, BRANCH_TABLE_BYTES);
    tableAddress =
        HostMemory.mmap(
            0, BRANCH_TABLE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, table, 0);
    slot.mapBranchTable(0, SlotLayout.GUEST_BYTES, table, 0);
    slot.mapAnonymous(DATA, AREA_BYTES, PROT_READ | PROT_WRITE);
    slot.mapAnonymous(STACK, AREA_BYTES, PROT_READ | PROT_WRITE);
  }

  /** A field of the context that runs, as confined code reaches it. */
  static Memory field(int offset) {
    return ThreadFields.ofProcess().at(offset);
  }

  /** A thread of this guest, on the calling thread, with a stack. */
  GuestThread thread(long pc) {
    GuestThread thread = new GuestThread(GATE, slot, this);
    thread.context().setPc(pc);
    thread.context().setGpr(4, STACK_TOP - 64);
    return thread;
  }

  /** Puts a guest instruction's confined code in place, reachable through the branch table. */
  long code(long pc, BiConsumer<Assembler, HandMadeGuest> emit) {
    long host = lazyCode(pc, emit);
    preset(pc, host);
    return host;
  }

  /** The same, but the branch table learns of it at the first miss. */
  long lazyCode(long pc, BiConsumer<Assembler, HandMadeGuest> emit) {
    Assembler a = new Assembler();
    emit.accept(a, this);
    long offset = NEXT_CODE.getAndAdd((a.position() + 63L) & -64);
    long host = CACHE.executableAddress() + offset;
    byte[] code = a.assembleAt(host);
    CACHE.write(offset, code, code.length);
    at(host, pc, true);
    at(host + code.length, 0, false);
    lazy.put(pc, host);
    return host;
  }

  void preset(long pc, long host) {
    RawMemory.putLongRelease(tableAddress + SlotLayout.branchEntryOffset(pc), host);
  }

  /** Says what the guest is doing from a host address on. */
  synchronized void at(long host, long pc, boolean restartable) {
    locations.put(host, new CodeLocation(pc, restartable, RegisterFixup.NONE));
  }

  synchronized void at(long host, long pc, int stripped, List<Integer> spilled) {
    locations.put(host, new CodeLocation(pc, false, new RegisterFixup(stripped, spilled)));
  }

  /** Emits a system call whose next instruction is at a pc. */
  static void systemCall(Assembler a, long nextPc) {
    a.mov32(field(ContextLayout.PC), new Immediate((int) nextPc));
    a.jmp(GATE.entries().systemCall());
  }

  /** Emits a jump to a guest pc through the branch table. */
  static void jump(Assembler a, long pc) {
    a.movImmediate32(11, (int) pc);
    a.not64(11);
    a.jmp(
        new Memory(
            Memory.Segment.GS,
            -1,
            11,
            SlotLayout.BRANCH_ENTRY_BYTES,
            SlotLayout.BRANCH_TABLE_DISPLACEMENT,
            64));
  }

  @Override
  public long resolve(long guestPc) {
    Long host = lazy.get(guestPc);
    if (host == null) {
      return 0;
    }
    preset(guestPc, host);
    return host;
  }

  @Override
  public void enter(CodeUser user) {}

  @Override
  public void leave(CodeUser user) {}

  @Override
  public synchronized CodeLocation locate(long hostAddress) {
    return locations.floorEntry(hostAddress).getValue();
  }

  @Override
  public void close() {
    slot.close();
    HostMemory.munmap(tableAddress, BRANCH_TABLE_BYTES);
    HostMemory.close(table);
  }
}
