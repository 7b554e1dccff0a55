package org.capvm.monitor;

import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.capvm.machine.code.CodeCache;
import org.capvm.machine.code.CodeMemory;
import org.capvm.machine.code.CodeSpace;
import org.capvm.machine.code.TranslationCache;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.channel.Channels;
import org.capvm.monitor.gate.CallTarget;
import org.capvm.monitor.gate.CapabilityRoutine;
import org.capvm.monitor.gate.Gate;
import org.capvm.monitor.gate.GuestThread;
import org.capvm.monitor.gate.VdsoFunction;
import org.capvm.monitor.memory.MappingBudget;
import org.capvm.monitor.memory.Slot;
import org.capvm.monitor.memory.SlotAllocator;

/**
 * The trusted monitor of a JVM: owns the code cache, the gates, the fault handlers and all slots.
 *
 * <p>An address space is a {@link Slot}, for its memory, and a {@link CodeSpace}, for its code. A
 * thread that runs in it is a {@link GuestThread}.
 *
 * <p>One at a time per JVM, because signal handlers are the process's. Threads: any.
 */
public final class Intravisor implements AutoCloseable {
  private static final AtomicBoolean RUNNING = new AtomicBoolean();

  private final CodeCache codeCache;
  private final Gate gate;
  private final SlotAllocator slots;
  private final MappingBudget mappings = new MappingBudget();
  private final TranslationCache translations;
  private final Channels channels;

  private Intravisor(IntravisorOptions options) {
    codeCache = CodeCache.create(options.codeCacheBytes());
    gate = new Gate(codeCache);
    slots = new SlotAllocator(gate.access());
    channels = new Channels(new CapabilityTree(gate.access()));
    translations = new TranslationCache(codeCache, gate.entries(), options.check());
  }

  /**
   * Starts the monitor.
   *
   * @throws PlatformException if the machine lacks something, with one line that says what
   * @throws IllegalStateException if the JVM has one already
   */
  public static Intravisor start(IntravisorOptions options) {
    PlatformCheck.beforeStart();
    if (!RUNNING.compareAndSet(false, true)) {
      throw new IllegalStateException("this JVM has an Intravisor already");
    }
    Intravisor started = null;
    try {
      started = new Intravisor(options);
      PlatformCheck.addressSpace(started.slots);
      return started;
    } catch (RuntimeException failure) {
      if (started == null) {
        RUNNING.set(false);
      } else {
        started.close();
      }
      throw failure;
    }
  }

  /**
   * Takes an empty slot; whoever takes it closes it.
   *
   * @throws org.capvm.machine.error.HostException if there is no address space left for one
   */
  public Slot newSlot() {
    return slots.allocate();
  }

  /**
   * Makes the code of an address space and puts its branch table into the slot; whoever makes it
   * closes it, before the slot.
   *
   * @param memory how the translator reaches the slot's memory
   */
  public CodeSpace newCodeSpace(Slot slot, CodeMemory memory) {
    return new CodeSpace(translations, memory, slot::mapBranchTable);
  }

  /** Makes the calling platform thread a guest thread; it closes the result when it ends. */
  public GuestThread newGuestThread(Slot slot, CodeSpace code) {
    return new GuestThread(gate, slot, code);
  }

  /**
   * Host address of the routine that serves a vDSO function, for {@link CodeSpace#preset}; empty if
   * the host's kernel does not have the function.
   */
  public OptionalLong vdso(VdsoFunction function) {
    return gate.vdso(function);
  }

  /** Host address of a routine for guests with capabilities, for {@link CodeSpace#preset}. */
  public long capabilityRoutine(CapabilityRoutine routine) {
    return gate.capabilityRoutine(routine);
  }

  /**
   * Makes what calls to one exported function need.
   *
   * @param owner runs the function, and closes the target when it has ended
   */
  public CallTarget newCallTarget(Object owner) {
    return new CallTarget(gate, owner);
  }

  /** The mappings that guests may take, all slots together. */
  public MappingBudget mappings() {
    return mappings;
  }

  /** How cVMs share memory and call each other. */
  public Channels channels() {
    return channels;
  }

  /** What is in use now. */
  public IntravisorStatistics statistics() {
    return new IntravisorStatistics(
        slots.slotsInUse(), gate.threadsInUse(), codeCache.usedBytes(), translations.statistics());
  }

  /**
   * Ends the monitor and gives the signals back to the JVM.
   *
   * @throws IllegalStateException if guest threads are left
   */
  @Override
  public void close() {
    gate.close();
    slots.close();
    codeCache.close();
    RUNNING.set(false);
  }
}
