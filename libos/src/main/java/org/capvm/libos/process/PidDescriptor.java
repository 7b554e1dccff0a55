package org.capvm.libos.process;

import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.file.WaitQueue;

/**
 * An open file that stands for a process and becomes readable when that ends: {@code
 * pidfd_open(2)}. Threads: any.
 */
public final class PidDescriptor extends AnonymousDescription implements ProcessReference {
  private final Process process;

  PidDescriptor(Process process, int flags) {
    super("[pidfd]", flags | OpenFlags.O_RDWR);
    this.process = process;
  }

  @Override
  public Process process() {
    return process;
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
