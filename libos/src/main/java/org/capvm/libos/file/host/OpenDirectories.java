package org.capvm.libos.file.host;

import java.util.LinkedHashMap;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.Hostcalls;

/**
 * Descriptors of the directories used last, so that looking up a name is one host call for one
 * component, and no walk.
 *
 * <p>A descriptor holds a directory, wherever the host moves it. That lets nobody out: a walk asks
 * each directory for the next one's device and inode number, and goes on with a descriptor only if
 * they are the same. While a descriptor is open, its number means no other directory. Threads: any.
 */
final class OpenDirectories {
  private static final int CAPACITY = 16;
  private static final long O_PATH_DIRECTORY = 010000000 | OpenFlags.O_DIRECTORY;

  /** One descriptor and how many use it; the last one to release it closes it. */
  private final class Lease {
    private final int descriptor;

    /** One is the cache's. Guarded by the {@code OpenDirectories}' monitor. */
    private int users = 1;

    private Lease(int descriptor) {
      this.descriptor = descriptor;
    }

    private void release() {
      synchronized (OpenDirectories.this) {
        if (--users > 0) {
          return;
        }
      }
      Hostcalls.close(descriptor);
    }
  }

  /** What is done with a descriptor. */
  @FunctionalInterface
  interface Use {
    /** Returns what Linux returns, a value or -errno. */
    long call(int descriptor);
  }

  private final HostFileSystem fileSystem;

  /** In order of use. Guarded by this object's monitor. */
  private final LinkedHashMap<HostDirectory, Lease> leases =
      new LinkedHashMap<>(2 * CAPACITY, 0.75f, true);

  private boolean closed;

  OpenDirectories(HostFileSystem fileSystem) {
    this.fileSystem = fileSystem;
  }

  /** Does something with an {@code O_PATH} descriptor of a directory; ENOENT if it is gone. */
  long with(HostDirectory directory, Use use) {
    Lease lease = lease(directory);
    try {
      return use.call(lease.descriptor);
    } finally {
      lease.release();
    }
  }

  private Lease lease(HostDirectory directory) {
    synchronized (this) {
      Lease known = leases.get(directory);
      if (known != null) {
        known.users++;
        return known;
      }
    }
    Lease made = new Lease(open(directory));
    Lease dropped = null;
    synchronized (this) {
      if (!closed && !leases.containsKey(directory)) {
        made.users++;
        leases.put(directory, made);
        dropped = leases.size() > CAPACITY ? leases.pollFirstEntry().getValue() : null;
      }
    }
    if (dropped != null) {
      dropped.release();
    }
    return made;
  }

  private int open(HostDirectory directory) {
    int descriptor = fileSystem.open(directory.path(), O_PATH_DIRECTORY, 0);
    HostStatus status = new HostStatus();
    long result = HostPathcalls.status(descriptor, status);
    if (result < 0 || !directory.isSame(status)) {
      Hostcalls.close(descriptor);
      throw ErrnoException.of(result < 0 ? (int) -result : Errno.ENOENT);
    }
    return descriptor;
  }

  /** Lets a directory go that is no longer there. */
  void forget(HostDirectory directory) {
    Lease lease;
    synchronized (this) {
      lease = leases.remove(directory);
    }
    if (lease != null) {
      lease.release();
    }
  }

  /** Closes what is not in use, and keeps nothing open any more. */
  void close() {
    Lease[] all;
    synchronized (this) {
      closed = true;
      all = leases.values().toArray(Lease[]::new);
      leases.clear();
    }
    for (Lease lease : all) {
      lease.release();
    }
  }
}
