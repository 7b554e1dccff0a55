package org.capvm.libos.file.layer;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.ExtendedAttributes;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Timestamp;
import org.capvm.libos.file.content.StorageQuota;

/**
 * What a layered file system itself keeps of one file: its number, its attributes, its link count.
 * Threads: any; each change is atomic.
 */
final class NodeState implements ExtendedAttributes {
  private static final int MAX_ATTRIBUTE_BYTES = 65536;

  private final StorageQuota quota;
  private final long number;
  private final Timestamp birth;
  private final Map<String, byte[]> extended = new ConcurrentSkipListMap<>();
  private int mode;
  private int uid;
  private int gid;
  private int links;
  private long extendedBytes;
  private Timestamp access;
  private Timestamp modification;
  private Timestamp change;

  /** A new file of now. */
  NodeState(StorageQuota quota, long number, int type, Directory.Attributes attributes, int links) {
    this.quota = quota;
    this.number = number;
    this.mode = type | (attributes.mode() & 07777);
    this.uid = attributes.uid();
    this.gid = attributes.gid();
    this.links = links;
    birth = Timestamp.now();
    access = birth;
    modification = birth;
    change = birth;
  }

  /** The attributes of a file in a lower layer. */
  NodeState(StorageQuota quota, long number, FileStatus lower) {
    this.quota = quota;
    this.number = number;
    mode = lower.mode();
    uid = lower.uid();
    gid = lower.gid();
    links = lower.linkCount();
    birth = lower.birth();
    access = lower.access();
    modification = lower.modification();
    change = lower.change();
  }

  long number() {
    return number;
  }

  synchronized int mode() {
    return mode;
  }

  synchronized int links() {
    return links;
  }

  synchronized int addLinks(int count) {
    links += count;
    change = Timestamp.now();
    return links;
  }

  synchronized void changeMode(int permissions) {
    mode = (mode & FileMode.S_IFMT) | (permissions & 07777);
    change = Timestamp.now();
  }

  synchronized void changeOwner(int newUid, int newGid) {
    uid = newUid == -1 ? uid : newUid;
    gid = newGid == -1 ? gid : newGid;
    change = Timestamp.now();
  }

  synchronized void changeTimes(Timestamp newAccess, Timestamp newModification) {
    access = newAccess == null ? access : newAccess;
    modification = newModification == null ? modification : newModification;
    change = Timestamp.now();
  }

  /** The content, or a directory's names, changed now. */
  synchronized void touch() {
    modification = Timestamp.now();
    change = modification;
  }

  synchronized FileStatus status(long device, long size, long blocks) {
    return new FileStatus(
        device,
        number,
        mode,
        links,
        uid,
        gid,
        0,
        size,
        4096,
        blocks,
        access,
        modification,
        change,
        birth);
  }

  /** The status of a file whose size and times a host file keeps; the attributes are ours. */
  synchronized FileStatus status(long device, FileStatus host) {
    Timestamp lastChange = isLater(host.change(), change) ? host.change() : change;
    return new FileStatus(
        device,
        number,
        mode,
        links,
        uid,
        gid,
        0,
        host.size(),
        4096,
        host.blocks(),
        host.access(),
        host.modification(),
        lastChange,
        birth);
  }

  private static boolean isLater(Timestamp one, Timestamp other) {
    return one.seconds() != other.seconds()
        ? one.seconds() > other.seconds()
        : one.nanos() > other.nanos();
  }

  @Override
  public byte[] get(String name) {
    return extended.get(name);
  }

  @Override
  public synchronized void set(String name, byte[] value) {
    byte[] old = extended.get(name);
    long total = extendedBytes + value.length - (old == null ? -name.length() : old.length);
    if (total > MAX_ATTRIBUTE_BYTES || !quota.takeAttributeBytes(total - extendedBytes)) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
    extended.put(name, value.clone());
    extendedBytes = total;
    change = Timestamp.now();
  }

  @Override
  public synchronized boolean remove(String name) {
    byte[] old = extended.remove(name);
    if (old == null) {
      return false;
    }
    extendedBytes -= old.length + name.length();
    quota.giveAttributeBytes(old.length + name.length());
    change = Timestamp.now();
    return true;
  }

  /** Gives back what the file was charged with, when its last name has gone. */
  synchronized void free() {
    extended.clear();
    quota.giveAttributeBytes(extendedBytes);
    extendedBytes = 0;
    quota.giveFile();
  }

  @Override
  public List<String> names() {
    return List.copyOf(extended.keySet());
  }
}
