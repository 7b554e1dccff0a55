package org.capvm.monitor.gate;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Label;
import org.capvm.machine.code.CodeCache;
import org.capvm.machine.code.GateEntries;
import org.capvm.machine.host.NativeCall;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.monitor.fault.FaultHandlers;
import org.capvm.monitor.fault.Fixup;
import org.capvm.monitor.fault.HandlerCode;
import org.capvm.monitor.memory.FaultSafeAccess;

/**
 * The trusted machine code of the JVM: the gate area at the start of the code cache.
 *
 * <p>Opening it emits the code and installs the fault handlers; closing it gives the signals back
 * to the JVM. One at a time per JVM, because signal handlers are the process's.
 *
 * <p>Threads: any, once opened. Closed when no guest thread is left.
 */
public final class Gate implements AutoCloseable {
  // Not critical: a guest runs for as long as it likes, and the garbage collector must not wait for
  // it.
  private static final MethodHandle ENTER =
      NativeCall.ofCode(FunctionDescriptor.of(JAVA_INT, JAVA_LONG));

  private final FaultHandlers faultHandlers = new FaultHandlers();
  private final ContextRegion contexts = new ContextRegion();
  private final SignalStacks signalStacks = new SignalStacks();
  private final long start;
  private final ThreadFields thread = ThreadFields.ofProcess();
  private final PassageCode passage;
  private final Map<VdsoFunction, Long> vdsoFunctions = new EnumMap<>(VdsoFunction.class);
  private final Map<CapabilityRoutine, Long> capabilityRoutines =
      new EnumMap<>(CapabilityRoutine.class);
  private final FaultSafeAccess access;
  private final MemorySegment enter;
  private final MemorySegment resume;
  private final MemorySegment attach;

  /**
   * Emits the gates and installs the fault handlers.
   *
   * @param codeCache its gate area is written and must not be in use
   * @throws IllegalArgumentException if threads have no room for what gates keep in them
   */
  public Gate(CodeCache codeCache) {
    SegmentBases bases = SegmentBases.ofHost();
    start = codeCache.executableAddress();
    Assembler a = new Assembler();
    FaultSafeAccess.Code accessCode = new FaultSafeAccess.Code(a);
    passage = new PassageCode(a, thread, bases);
    VdsoCode vdso = new VdsoCode(a, thread, passage, HostVdso.find());
    List<Fixup> fixups = new ArrayList<>(accessCode.fixups());
    fixups.addAll(vdso.fixups());
    CapabilityCode capabilities = new CapabilityCode(a, thread, passage, vdso);
    fixups.addAll(capabilities.fixups());
    CallCode calls = new CallCode(a, thread, bases, capabilities, vdso);
    fixups.addAll(calls.fixups());
    HandlerCode handlers =
        new HandlerCode(
            a,
            thread.at(ContextLayout.CURRENT),
            new HandlerCode.Ranges(
                start, CodeCache.GATE_BYTES, codeCache.capacityBytes() - CodeCache.GATE_BYTES),
            fixups,
            new HandlerCode.KickPoints(
                List.of(
                    new Fixup(passage.windowStart, passage.windowEnd, passage.abandon),
                    new Fixup(passage.resumeStart, passage.resumeEnd, passage.abandonResume),
                    new Fixup(vdso.tailStart, vdso.tailJump, vdso.tailStart)),
                vdso.tailJump),
            passage.fault,
            passage.kick,
            faultHandlers.jvmHandlers());
    byte[] code = a.assembleAt(start);
    if (code.length > CodeCache.GATE_BYTES) {
      throw new IllegalStateException("the gates take " + code.length + " bytes");
    }
    codeCache.write(0, code, code.length);

    vdso.entries().forEach((function, label) -> vdsoFunctions.put(function, hostAddress(label)));
    Map<CapabilityRoutine, Label> routines = new EnumMap<>(capabilities.entries());
    routines.put(CapabilityRoutine.CP_CALL, calls.call);
    routines.put(CapabilityRoutine.CP_CALL_RETURN, calls.giveBack);
    routines.forEach((routine, label) -> capabilityRoutines.put(routine, hostAddress(label)));
    access = accessCode.at(start);
    enter = MemorySegment.ofAddress(hostAddress(passage.enter));
    resume = MemorySegment.ofAddress(hostAddress(passage.resume));
    attach = MemorySegment.ofAddress(hostAddress(passage.attach));
    faultHandlers.install(hostAddress(handlers.fault()), hostAddress(handlers.kick()));
  }

  private long hostAddress(Label label) {
    return start + label.offset();
  }

  /** What translations have to know of the gates. */
  public GateEntries entries() {
    return new GateEntries(
        hostAddress(passage.miss),
        hostAddress(passage.systemCall),
        hostAddress(passage.trap),
        hostAddress(passage.emulate),
        thread.distance());
  }

  /**
   * Host address of the routine that serves a vDSO function, for a preset entry of a branch table;
   * empty if the host's kernel does not have the function.
   */
  public OptionalLong vdso(VdsoFunction function) {
    Long address = vdsoFunctions.get(function);
    return address == null ? OptionalLong.empty() : OptionalLong.of(address);
  }

  /** Host address of a routine, for a preset entry of a branch table. */
  public long capabilityRoutine(CapabilityRoutine routine) {
    return capabilityRoutines.get(routine);
  }

  /** How Java reaches guest memory. */
  public FaultSafeAccess access() {
    return access;
  }

  /** Contexts in use: of guest threads, and of functions that are exported. */
  public int threadsInUse() {
    return contexts.inUse();
  }

  ContextRegion contexts() {
    return contexts;
  }

  SignalStacks signalStacks() {
    return signalStacks;
  }

  /** Whether a host address is inside the gate area. */
  boolean holds(long hostAddress) {
    return Long.compareUnsigned(hostAddress - start, CodeCache.GATE_BYTES) < 0;
  }

  /** Notes in a context what the calling thread has to get back when it leaves a guest. */
  void attach(long contextAddress) {
    call(attach, contextAddress);
  }

  /** Runs the guest from its pc until it leaves; returns the context's exit reason. */
  int enter(long contextAddress) {
    return call(enter, contextAddress);
  }

  /**
   * Runs the guest on from the host address of its last fault; returns the context's exit reason.
   */
  int resume(long contextAddress) {
    return call(resume, contextAddress);
  }

  private static int call(MemorySegment routine, long contextAddress) {
    try {
      return (int) ENTER.invokeExact(routine, contextAddress);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  /** Gives the signals back to the JVM and the contexts back to the host. */
  @Override
  public void close() {
    if (contexts.inUse() != 0) {
      throw new IllegalStateException(contexts.inUse() + " guest threads are left");
    }
    faultHandlers.uninstall();
    contexts.close();
    signalStacks.close();
  }
}
