package org.capvm.libos.process;

import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;

/**
 * An open file that stands for a process and becomes readable when that ends: {@code
 * pidfd_open(2)}. Threads: any.
 */
public final class PidDescriptor extends AnonymousDescription {
  private final Process process;

  PidDescriptor(Process process, int flags) {
    super("[pidfd]", flags | OpenFlags.O_RDWR);
    this.process = process;
  }

  /** The process, which may have been waited for. */
  public Process process() {
    return process;
  }

  /** Whether the process ended and somebody has waited for it. */
  public boolean isGone() {
    return process.libraryOs().processes().process(process.id()) != process;
  }

  @Override
  public int readiness() {
    if (isGone()) {
      return PollEvents.READABLE | PollEvents.POLLHUP;
    }
    return process.ended() == null ? 0 : PollEvents.READABLE;
  }

  @Override
  public WaitQueue waitQueue() {
    return process.endQueue();
  }

  @Override
  protected void close() {}
}
