package org.capvm.libos.ipc;

import static org.capvm.libos.ipc.IpcConstants.S_IRWXUGO;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/**
 * What segments, semaphore sets and message queues have in common: a key, an id, owners and
 * permissions; Linux's {@code struct ipc64_perm}. Guarded by the namespace's lock.
 */
abstract class IpcObject {
  /** The size of {@code struct ipc64_perm}. */
  static final int PERMISSION_BYTES = 48;

  private static final int OWNER_SHIFT = 6;
  private static final int GROUP_SHIFT = 3;
  private static final int OTHERS = 7;

  private final int creatorUser;
  private final int creatorGroup;
  private int key;
  private int id;
  private int user;
  private int group;
  private int mode;
  private long changeSeconds = nowSeconds();
  private boolean removed;

  /** An object that the task's user owns, without an id yet. */
  IpcObject(Task task, int key, int flags) {
    Credentials own = task.credentials();
    this.key = key;
    this.mode = flags & S_IRWXUGO;
    this.user = own.euid();
    this.group = own.egid();
    this.creatorUser = user;
    this.creatorGroup = group;
  }

  static long nowSeconds() {
    return System.currentTimeMillis() / 1000;
  }

  int key() {
    return key;
  }

  int id() {
    return id;
  }

  final void setId(int given) {
    id = given;
  }

  int user() {
    return user;
  }

  int group() {
    return group;
  }

  int creatorUser() {
    return creatorUser;
  }

  int creatorGroup() {
    return creatorGroup;
  }

  int mode() {
    return mode;
  }

  final void setModeBits(int bits, boolean on) {
    mode = on ? mode | bits : mode & ~bits;
  }

  long changeSeconds() {
    return changeSeconds;
  }

  final void touch() {
    changeSeconds = nowSeconds();
  }

  boolean isRemoved() {
    return removed;
  }

  /** The key does not lead here any more. */
  final void hideKey() {
    key = IpcConstants.IPC_PRIVATE;
  }

  /** The object is gone: releases what is behind, and ends the waits of others. */
  final void remove() {
    removed = true;
    released();
  }

  /** Called once, when the object is gone. */
  abstract void released();

  /**
   * Refuses what the mode does not allow.
   *
   * @param wanted permission bits; it does not matter for whom they stand
   * @throws ErrnoException EACCES
   */
  final void requirePermission(Credentials caller, int wanted) {
    int requested = wanted >> OWNER_SHIFT | wanted >> GROUP_SHIFT | wanted;
    int granted = mode;
    if (caller.euid() == creatorUser || caller.euid() == user) {
      granted >>= OWNER_SHIFT;
    } else if (caller.inGroup(creatorGroup) || caller.inGroup(group)) {
      granted >>= GROUP_SHIFT;
    }
    if ((requested & ~granted & OTHERS) != 0 && !caller.isPrivileged()) {
      throw ErrnoException.of(Errno.EACCES);
    }
  }

  /** EPERM unless the caller is an owner, the creator or the superuser. */
  final void requireOwner(Credentials caller) {
    if (caller.euid() != creatorUser && caller.euid() != user && !caller.isPrivileged()) {
      throw ErrnoException.of(Errno.EPERM);
    }
  }

  /** Owners and permissions that {@code IPC_SET} gives. */
  record Change(int user, int group, int mode) {
    static Change read(GuestMemory memory, long guestAddress) {
      return new Change(
          memory.getInt(guestAddress + 4),
          memory.getInt(guestAddress + 8),
          memory.getInt(guestAddress + 20));
    }
  }

  /** {@code IPC_SET}. */
  final void change(Change change) {
    if (change.user == -1 || change.group == -1) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    user = change.user;
    group = change.group;
    mode = (mode & ~S_IRWXUGO) | (change.mode & S_IRWXUGO);
    touch();
  }

  /** Puts {@code struct ipc64_perm} at the start of a structure. */
  final void putPermissions(IpcStructure structure) {
    structure.putInt(0, key);
    structure.putInt(4, user);
    structure.putInt(8, group);
    structure.putInt(12, creatorUser);
    structure.putInt(16, creatorGroup);
    structure.putInt(20, mode);
    structure.putInt(24, id / IpcTable.INDICES);
  }

  /** The object as {@code IPC_STAT} shows it. */
  abstract IpcStructure structure();

  /** The object's line in {@code /proc/sysvipc}. */
  abstract String line();
}
