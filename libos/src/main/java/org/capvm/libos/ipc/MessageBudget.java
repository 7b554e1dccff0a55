package org.capvm.libos.ipc;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/** How much of the JVM's memory the messages of a cVM may take. Guarded by the namespace's lock. */
final class MessageBudget {
  private static final long LIMIT_BYTES = 16L << 20;

  /** What a message takes besides its text. */
  private static final int OVERHEAD_BYTES = 64;

  private long usedBytes;

  /** Takes room for a message. */
  void take(Message message) {
    long bytes = (long) message.text().length + OVERHEAD_BYTES;
    if (bytes > LIMIT_BYTES - usedBytes) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    usedBytes += bytes;
  }

  void give(Message message) {
    usedBytes -= (long) message.text().length + OVERHEAD_BYTES;
  }
}
