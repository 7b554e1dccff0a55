package org.capvm.libos.file.content;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.Hostcalls;

/**
 * One host file that holds the contents of many small files nobody has open, so that files at rest
 * cost no descriptor each. Space given back becomes a hole. Threads: any.
 */
public final class PackFile {
  private static final int PUNCH_HOLE_KEEP_SIZE = 2 | 1;
  private static final long ALIGNMENT = 4096;

  private final ContentStore store;
  private int descriptor = -1;
  private long end;

  /** An empty one; the host file is made when it is first needed. */
  public PackFile(ContentStore store) {
    this.store = store;
  }

  /** Copies a whole file in; returns where it lies. */
  public long store(int input, long lengthBytes) {
    long at;
    int output;
    synchronized (this) {
      if (descriptor < 0) {
        descriptor = store.create();
      }
      output = descriptor;
      at = end;
      end += (lengthBytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    HostCopy.copy(input, 0, output, at, lengthBytes);
    return at;
  }

  /** Copies a file out again. */
  public void fetch(long at, long lengthBytes, int output) {
    HostCopy.copy(descriptor(), at, output, 0, lengthBytes);
  }

  /** Gives back the space of a file. */
  public void free(long at, long lengthBytes) {
    if (lengthBytes > 0) {
      long aligned = (lengthBytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
      ErrnoException.check(Hostcalls.fallocate(descriptor(), PUNCH_HOLE_KEEP_SIZE, at, aligned));
    }
  }

  private synchronized int descriptor() {
    return descriptor;
  }

  /** Closes the host file. */
  public synchronized void close() {
    if (descriptor >= 0) {
      Hostcalls.close(descriptor);
      descriptor = -1;
    }
  }
}
