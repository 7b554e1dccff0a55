package org.capvm.libos.file.content;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.Hostcalls;

/**
 * Where the bytes of a cVM's own files live: host files without a name, so that nothing is left of
 * them when the JVM ends, however it ends. Threads: any.
 */
public sealed interface ContentStore {
  /** Makes an empty file; returns a host descriptor that the caller owns. */
  int create();

  /** Releases what the store itself holds; its files live on while they are open. */
  default void close() {}

  /** Files in memory. */
  record Memory(String label) implements ContentStore {
    @Override
    public int create() {
      return (int) ErrnoException.check(Hostcalls.memfdCreate(label));
    }
  }

  /**
   * Files in a host directory, never with a name there.
   *
   * @param directory a host descriptor of the directory
   */
  record Disk(int directory) implements ContentStore {
    private static final long O_TMPFILE_READ_WRITE = 020200000 | 2;
    private static final int OWNER_ONLY = 0600;

    @Override
    public int create() {
      return (int)
          ErrnoException.check(
              HostPathcalls.openBeneath(directory, "", O_TMPFILE_READ_WRITE, OWNER_ONLY));
    }

    @Override
    public void close() {
      Hostcalls.close(directory);
    }
  }
}
