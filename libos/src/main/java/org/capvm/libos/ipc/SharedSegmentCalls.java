package org.capvm.libos.ipc;

import static org.capvm.libos.ipc.IpcConstants.IPC_INFO;
import static org.capvm.libos.ipc.IpcConstants.IPC_RMID;
import static org.capvm.libos.ipc.IpcConstants.IPC_SET;
import static org.capvm.libos.ipc.IpcConstants.IPC_STAT;
import static org.capvm.libos.ipc.IpcConstants.S_IRUGO;
import static org.capvm.libos.ipc.IpcConstants.S_IWUGO;
import static org.capvm.libos.ipc.IpcConstants.S_IXUGO;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.Mman;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.memory.MappedFile;
import org.capvm.libos.memory.SharedMemory;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;

/** {@code shmget}, {@code shmat}, {@code shmdt} and {@code shmctl}. */
final class SharedSegmentCalls {
  private static final int SHM_HUGETLB = 04000;
  private static final int SHM_RDONLY = 010000;
  private static final int SHM_RND = 020000;
  private static final int SHM_REMAP = 040000;
  private static final int SHM_EXEC = 0100000;
  private static final int SHM_LOCK = 11;
  private static final int SHM_UNLOCK = 12;
  private static final int SHM_STAT = 13;
  private static final int SHM_INFO = 14;
  private static final int SHM_STAT_ANY = 15;

  private SharedSegmentCalls() {}

  static long get(Task task, int key, long sizeBytes, int flags) {
    IpcNamespace namespace = task.libraryOs().ipc();
    synchronized (namespace) {
      return namespace.segments.get(
          task,
          key,
          flags,
          found -> {
            if (Long.compareUnsigned(sizeBytes, found.sizeBytes()) > 0) {
              throw ErrnoException.of(Errno.EINVAL);
            }
          },
          () -> make(task, key, sizeBytes, flags));
    }
  }

  private static SharedSegment make(Task task, int key, long sizeBytes, int flags) {
    if (sizeBytes == 0 || Long.compareUnsigned(sizeBytes, IpcNamespace.SHMMAX) > 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    // More than any limit, or huge pages, of which there are none.
    if (sizeBytes < 0
        || sizeBytes > Long.MAX_VALUE - AddressLayout.PAGE
        || (flags & SHM_HUGETLB) != 0) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    SharedMemory memory =
        SharedMemory.create(
            task.libraryOs().memoryLimit(),
            task.fileSystem().mounts().descriptors(),
            AddressLayout.pageUp(sizeBytes));
    return new SharedSegment(task, key, flags, memory, sizeBytes);
  }

  static long attach(Task task, int id, long wanted, int flags) {
    if (id < 0) {
      return -Errno.EINVAL;
    }
    long address = wanted;
    if (!AddressLayout.isPageAligned(address) && (flags & SHM_RND) != 0) {
      address = AddressLayout.pageDown(address);
    }
    boolean replaces = (flags & SHM_REMAP) != 0;
    if (!AddressLayout.isPageAligned(address) || (address == 0 && replaces)) {
      return -Errno.EINVAL;
    }
    boolean readOnly = (flags & SHM_RDONLY) != 0;
    boolean executable = (flags & SHM_EXEC) != 0;
    IpcNamespace namespace = task.libraryOs().ipc();
    SharedSegment segment;
    SegmentAttachment attachment;
    synchronized (namespace) {
      segment = namespace.segments.withId(id);
      int access = S_IRUGO | (readOnly ? 0 : S_IWUGO) | (executable ? S_IXUGO : 0);
      segment.requirePermission(task.credentials(), access);
      segment.usedBy(task);
      attachment = new SegmentAttachment(namespace, segment, !readOnly);
      // Until it is mapped: somebody may remove the segment meanwhile.
      segment.hold();
    }
    int protection =
        Mman.PROT_READ | (readOnly ? 0 : Mman.PROT_WRITE) | (executable ? Mman.PROT_EXEC : 0);
    int place = address == 0 ? 0 : replaces ? Mman.MAP_FIXED : Mman.MAP_FIXED_NOREPLACE;
    try {
      return task.addressSpace()
          .map(
              address,
              segment.sizeBytes(),
              protection,
              Mman.MAP_SHARED | place,
              attachment,
              0,
              null);
    } catch (ErrnoException e) {
      throw e.errno() == Errno.EEXIST ? ErrnoException.of(Errno.EINVAL) : e;
    } finally {
      attachment.letGo();
    }
  }

  static long detach(Task task, long address) {
    if (!AddressLayout.isPageAligned(address) || address < 0) {
      return -Errno.EINVAL;
    }
    MappedFile file =
        task.addressSpace().unmapFile(address, each -> each instanceof SegmentAttachment);
    if (!(file instanceof SegmentAttachment attachment)) {
      return -Errno.EINVAL;
    }
    attachment.usedBy(task);
    return 0;
  }

  static long control(Task task, int id, int command, long at) {
    if (id < 0 || command < 0) {
      return -Errno.EINVAL;
    }
    IpcNamespace namespace = task.libraryOs().ipc();
    IpcTable<SharedSegment> segments = namespace.segments;
    Credentials caller = task.credentials();
    synchronized (namespace) {
      switch (command) {
        case IPC_INFO -> {
          limits().write(task.memory(), at);
          return segments.highestIndex();
        }
        case SHM_INFO -> {
          usage(segments).write(task.memory(), at);
          return segments.highestIndex();
        }
        case IPC_STAT, SHM_STAT, SHM_STAT_ANY -> {
          SharedSegment segment = command == IPC_STAT ? segments.withId(id) : segments.atIndex(id);
          if (command != SHM_STAT_ANY) {
            segment.requirePermission(caller, S_IRUGO);
          }
          segment.structure().write(task.memory(), at);
          return command == IPC_STAT ? 0 : segment.id();
        }
        case IPC_SET -> {
          IpcObject.Change change = IpcObject.Change.read(task.memory(), at);
          SharedSegment segment = segments.withId(id);
          segment.requireOwner(caller);
          segment.change(change);
        }
        case IPC_RMID -> {
          SharedSegment segment = segments.withId(id);
          segment.requireOwner(caller);
          segments.hideKey(segment);
          segment.setModeBits(SharedSegment.SHM_DEST, true);
          if (segment.isOver()) {
            segments.remove(segment);
          }
        }
        case SHM_LOCK, SHM_UNLOCK -> {
          SharedSegment segment = segments.withId(id);
          segment.requireOwner(caller);
          boolean none = task.limits().soft(Resource.RLIMIT_MEMLOCK) == 0;
          if (command == SHM_LOCK && none && !caller.isPrivileged()) {
            return -Errno.EPERM;
          }
          segment.setModeBits(SharedSegment.SHM_LOCKED, command == SHM_LOCK);
        }
        default -> {
          return -Errno.EINVAL;
        }
      }
    }
    return 0;
  }

  /** {@code struct shminfo64}. */
  private static IpcStructure limits() {
    return new IpcStructure(72)
        .putLong(0, IpcNamespace.SHMMAX)
        .putLong(8, 1)
        .putLong(16, IpcNamespace.SHMMNI)
        .putLong(24, IpcNamespace.SHMMNI)
        .putLong(32, IpcNamespace.SHMMAX);
  }

  /** {@code struct shm_info}. */
  private static IpcStructure usage(IpcTable<SharedSegment> segments) {
    long pages = segments.all().stream().mapToLong(SharedSegment::pages).sum();
    return new IpcStructure(48).putInt(0, segments.count()).putLong(8, pages);
  }
}
