package org.capvm.libos.ipc;

import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.memory.SharedMemory;
import org.capvm.libos.process.Task;

/** A segment of shared memory: {@code shmget(2)}. Guarded by the namespace's lock. */
final class SharedSegment extends IpcObject {
  static final String HEADING =
      "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid"
          + "      atime      dtime      ctime                   rss                  swap\n";

  /** The mode's bit for a segment that goes with its last attachment. */
  static final int SHM_DEST = 01000;

  /** The mode's bit for a segment that is locked in memory. */
  static final int SHM_LOCKED = 02000;

  private final SharedMemory memory;
  private final long sizeBytes;
  private final int creatorProcess;
  private int lastProcess;
  private long attachments;
  private long attachSeconds;
  private long detachSeconds;

  /** A segment that takes over one reference to its memory. */
  SharedSegment(Task task, int key, int flags, SharedMemory memory, long sizeBytes) {
    super(task, key, flags);
    this.memory = memory;
    this.sizeBytes = sizeBytes;
    this.creatorProcess = task.process().id();
  }

  SharedMemory memory() {
    return memory;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  long pages() {
    return AddressLayout.pageUp(sizeBytes) / AddressLayout.PAGE;
  }

  void usedBy(Task task) {
    lastProcess = task.process().id();
  }

  /** Counts an attachment in the making. */
  void hold() {
    attachments++;
  }

  void letGo() {
    attachments--;
  }

  void attach() {
    attachments++;
    attachSeconds = nowSeconds();
  }

  void detach() {
    attachments--;
    detachSeconds = nowSeconds();
  }

  /** Whether nothing is left but to remove it. */
  boolean isOver() {
    return attachments == 0 && (mode() & SHM_DEST) != 0 && !isRemoved();
  }

  @Override
  void released() {
    memory.release();
  }

  @Override
  IpcStructure structure() {
    IpcStructure structure = new IpcStructure(112);
    putPermissions(structure);
    return structure
        .putLong(48, sizeBytes)
        .putLong(56, attachSeconds)
        .putLong(64, detachSeconds)
        .putLong(72, changeSeconds())
        .putInt(80, creatorProcess)
        .putInt(84, lastProcess)
        .putLong(88, attachments);
  }

  @Override
  String line() {
    return String.format(
        "%10d %10d  %4o %21d %5d %5d  %5d %5d %5d %5d %5d %10d %10d %10d %21d %21d%n",
        key(),
        id(),
        mode(),
        sizeBytes,
        creatorProcess,
        lastProcess,
        attachments,
        user(),
        group(),
        creatorUser(),
        creatorGroup(),
        attachSeconds,
        detachSeconds,
        changeSeconds(),
        0,
        0);
  }
}
