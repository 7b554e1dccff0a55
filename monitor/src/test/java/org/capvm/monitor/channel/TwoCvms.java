package org.capvm.monitor.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.machine.host.HostMemory.PROT_READ;
import static org.capvm.machine.host.HostMemory.PROT_WRITE;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.capvm.machine.code.CodeCache;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.gate.Gate;
import org.capvm.monitor.memory.Slot;
import org.capvm.monitor.memory.SlotAllocator;

/**
 * A cVM that owns and one that uses, without programs.
 *
 * <pre>
 *   both slots:  0x1_0000  four MiB, read and write;  what follows is not mapped
 * </pre>
 */
final class TwoCvms implements AutoCloseable {
  static final long DATA = 0x1_0000;
  static final long DATA_BYTES = 4 << 20;

  final CodeCache cache = CodeCache.create(1 << 20);
  final Gate gate = new Gate(cache);
  final SlotAllocator slots = new SlotAllocator(gate.access());
  final Channels channels = new Channels(new CapabilityTree(gate.access()));
  final Compartment owner = channels.newCompartment("owner", 1000);
  final Compartment user = channels.newCompartment("user", 1000);
  final Slot ownerSlot = slot();
  final Slot userSlot = slot();

  private Slot slot() {
    Slot slot = slots.allocate();
    slot.mapAnonymous(DATA, DATA_BYTES, PROT_READ | PROT_WRITE);
    return slot;
  }

  /** A CP_File of the owner's over its data, as the user has opened it. */
  CpFile shared(String name, long offset, long lengthBytes, int permissions) {
    CpFile own = owner.create(name, ownerSlot, DATA + offset, lengthBytes, 31);
    own.grant("user", permissions);
    return (CpFile) user.open("owner/" + name);
  }

  static void assertRefused(ThrowingCallable request, Reason reason) {
    assertThatThrownBy(request)
        .isInstanceOfSatisfying(
            CapabilityException.class, refusal -> assertThat(refusal.reason()).isEqualTo(reason));
  }

  @Override
  public void close() {
    owner.close();
    user.close();
    ownerSlot.close();
    userSlot.close();
    gate.close();
    slots.close();
    cache.close();
  }
}
