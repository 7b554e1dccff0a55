package org.capvm.libos;

import org.capvm.libos.process.ProcessTable;

/** The library OS of one cVM: what its processes share. Thread-safe. */
public final class LibraryOs {
  private final ProcessTable processes = new ProcessTable();

  /** The processes and tasks. */
  public ProcessTable processes() {
    return processes;
  }
}
