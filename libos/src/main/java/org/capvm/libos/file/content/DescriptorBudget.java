package org.capvm.libos.file.content;

import java.util.concurrent.atomic.AtomicInteger;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * How many host descriptors the files of one cVM may hold: the JVM's own limit is shared by all, so
 * no cVM may use it up. Threads: any.
 */
public final class DescriptorBudget {
  private final int limit;
  private final AtomicInteger used = new AtomicInteger();

  /** A budget nothing is taken from yet. */
  public DescriptorBudget(int limit) {
    this.limit = limit;
  }

  /** Takes one descriptor; ENFILE if there is none left. */
  public void take() {
    if (used.incrementAndGet() > limit) {
      used.decrementAndGet();
      throw ErrnoException.of(Errno.ENFILE);
    }
  }

  /** Gives one back. */
  public void give() {
    used.decrementAndGet();
  }

  /** How many are taken. */
  public int used() {
    return used.get();
  }
}
