package org.capvm.libos.memory;

import org.capvm.monitor.Intravisor;
import org.capvm.monitor.IntravisorOptions;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What the address spaces of a class's tests lie in. */
final class MemoryFixture implements BeforeAllCallback, AfterAllCallback {
  private Intravisor intravisor;
  private MemoryFile memoryFile;

  /** A limit of its own. */
  MemoryLimit limit(long bytes) {
    return new MemoryLimit(bytes, intravisor.mappings());
  }

  /** What has the slots. */
  Intravisor intravisor() {
    return intravisor;
  }

  /** An empty address space. */
  AddressSpace space(MemoryLimit limit) {
    return new AddressSpace(memoryFile, limit, new SpareSlots(intravisor, memoryFile, limit));
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    intravisor = Intravisor.start(IntravisorOptions.defaults());
    memoryFile = new MemoryFile();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    memoryFile.close();
    intravisor.close();
  }
}
