package org.capvm.monitor.memory;

import org.capvm.machine.code.CodeCache;
import org.capvm.monitor.gate.Gate;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Slots for the tests of a class. */
final class SlotFixture implements BeforeAllCallback, AfterAllCallback {
  private CodeCache cache;
  private Gate gate;
  private SlotAllocator slots;

  /** An empty slot. */
  Slot allocate() {
    return slots.allocate();
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    cache = CodeCache.create(1 << 20);
    gate = new Gate(cache);
    slots = new SlotAllocator(gate.access());
  }

  @Override
  public void afterAll(ExtensionContext context) {
    gate.close();
    slots.close();
    cache.close();
  }
}
