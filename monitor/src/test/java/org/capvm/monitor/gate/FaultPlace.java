package org.capvm.monitor.gate;

import org.capvm.machine.host.RawMemory;
import org.capvm.machine.layout.ContextLayout;
import org.capvm.machine.layout.SlotLayout;

/** Whether a guest's fault is one that a confined guest can have. */
public final class FaultPlace {
  private static final int PAGE_FAULT = 14;

  private FaultPlace() {}

  /**
   * Looks at the host address of a page fault: a guest can meet its own slot and its guards alone.
   *
   * @throws IllegalStateException if the guest tried to reach anything else
   */
  public static void check(Context context) {
    if (context.faultTrapNumber() != PAGE_FAULT) {
      return;
    }
    long base = RawMemory.getLong(context.address() + ContextLayout.SLOT_BASE);
    long address = RawMemory.getLong(context.address() + ContextLayout.FAULT_ADDRESS);
    long fromGuard = address - (base - SlotLayout.LOWER_GUARD_BYTES);
    long reach =
        SlotLayout.LOWER_GUARD_BYTES + SlotLayout.GUEST_BYTES + SlotLayout.UPPER_GUARD_BYTES;
    if (Long.compareUnsigned(fromGuard, reach) >= 0) {
      throw new IllegalStateException(
          "a guest with base 0x%x reached for 0x%x".formatted(base, address));
    }
  }
}
