package org.capvm.libos.file.layer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.FileSystemStatus;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.content.ContentStore;
import org.capvm.libos.file.content.PackFile;
import org.capvm.libos.file.content.StorageQuota;

/**
 * A private tree over any number of read-only ones. Names and attributes live in Java memory,
 * contents in host files without a name. With lower layers it is an overlay; with none, a tmpfs.
 *
 * <p>A directory looks for a name among its own first, then in the directories below it; what it
 * finds there it keeps, so the same file is the same object with the same number for the life of
 * the cVM. The first change to a file's content copies it up. A removed name is remembered as
 * absent. A renamed directory takes its lower directories along. A new directory has none below it,
 * whatever the name meant before.
 *
 * <p>An open file that was opened for reading only, before a copy-up, goes on showing the lower
 * content, as Linux's overlayfs documents. The lower layers are expected not to change while the
 * cVM runs.
 *
 * <p>Lock order: {@link #treeLock}, held for every change of names; then a node's own monitor.
 */
public final class LayeredFileSystem extends FileSystem {
  /** Numbers of files that are in no lower layer; far above those of host file systems. */
  private static final long FIRST_NEW_NUMBER = 1L << 62;

  private static final int DEVICE_SHIFT = 48;
  private static final long NUMBER_MASK = (1L << DEVICE_SHIFT) - 1;
  private static final long BLOCK_BYTES = 4096;

  final Object treeLock = new Object();

  private final String typeName;
  private final ContentStore store;
  private final StorageQuota quota;
  private final PackFile pack;
  private final RestingFiles resting = new RestingFiles();
  private final LayeredDirectory root;
  private final List<FileSystem> lowers;
  private final AtomicLong nextNumber = new AtomicLong(FIRST_NEW_NUMBER);
  private final Map<Long, LayeredFile> hardLinked = new ConcurrentHashMap<>();

  /** Guarded by itself. */
  private final Map<Long, Integer> lowerDevices = new HashMap<>();

  /**
   * An empty file system without lower layers.
   *
   * @param mode permission bits of the root directory
   */
  public static LayeredFileSystem tmpfs(ContentStore store, StorageQuota quota, int mode) {
    return new LayeredFileSystem("tmpfs", List.of(), store, quota, mode);
  }

  /**
   * A writable view of read-only trees, of which earlier ones hide later ones. They are closed with
   * it.
   */
  public static LayeredFileSystem overlay(
      List<? extends FileSystem> lowers, ContentStore store, StorageQuota quota) {
    return new LayeredFileSystem("overlay", lowers, store, quota, 0755);
  }

  private LayeredFileSystem(
      String typeName,
      List<? extends FileSystem> lowers,
      ContentStore store,
      StorageQuota quota,
      int mode) {
    this.typeName = typeName;
    this.store = store;
    this.quota = quota;
    this.pack = new PackFile(store);
    this.lowers = new ArrayList<>(lowers);
    List<Directory> roots = lowers.stream().map(lower -> lower.root().directory()).toList();
    NodeState state =
        roots.isEmpty()
            ? newState(FileMode.S_IFDIR, new Directory.Attributes(mode, 0, 0), 2)
            : lowerState(roots.get(0).status());
    root = new LayeredDirectory(this, null, "", state, roots);
  }

  /**
   * Adds a name to the root whose content is a lower tree or file, which may then be changed like
   * any other of this file system. The lower is closed with this.
   */
  public void addToRoot(String name, FileSystem lower) {
    lowers.add(lower);
    root.adopt(name, lower.root());
  }

  @Override
  public String typeName() {
    return typeName;
  }

  @Override
  public Directory root() {
    return root;
  }

  @Override
  public FileSystemStatus status() {
    long magic =
        typeName.equals("tmpfs")
            ? FileSystemStatus.TMPFS_MAGIC
            : FileSystemStatus.OVERLAYFS_SUPER_MAGIC;
    long free = quota.bytesLeft() / BLOCK_BYTES;
    return new FileSystemStatus(
        magic,
        BLOCK_BYTES,
        quota.maxBytes() / BLOCK_BYTES,
        free,
        free,
        quota.maxFiles(),
        quota.filesLeft(),
        Directory.NAME_MAX);
  }

  ContentStore store() {
    return store;
  }

  /** Where contents at rest lie. */
  PackFile pack() {
    return pack;
  }

  /** The files whose contents hold descriptors. */
  RestingFiles resting() {
    return resting;
  }

  StorageQuota quota() {
    return quota;
  }

  /** The state of a new file, or ENOSPC when there are too many. */
  NodeState newState(int type, Directory.Attributes attributes, int links) {
    if (!quota.takeFile()) {
      throw ErrnoException.of(Errno.ENOSPC);
    }
    return new NodeState(quota, nextNumber.getAndIncrement(), type, attributes, links);
  }

  /** The state of a file found in a lower layer. */
  NodeState lowerState(FileStatus lower) {
    return new NodeState(quota, numberOf(lower.device(), lower.inode()), lower);
  }

  /** Our number for a lower file: the lower one's, told apart by device. */
  long numberOf(long lowerDevice, long lowerInode) {
    long index;
    synchronized (lowerDevices) {
      index = lowerDevices.computeIfAbsent(lowerDevice, key -> lowerDevices.size());
    }
    return (lowerInode & NUMBER_MASK) | (index << DEVICE_SHIFT);
  }

  /** The node of a lower file; several names of one lower file share it. */
  Inode wrap(Inode lower) {
    FileStatus status = lower.status();
    NodeState state = lowerState(status);
    if (lower.isSymbolicLink()) {
      return new LayeredLink(this, state, lower.readLink(null));
    }
    if (!lower.isRegular()) {
      return new LayeredSpecial(this, state);
    }
    if (status.linkCount() == 1) {
      return new LayeredFile(this, state, lower, status);
    }
    return hardLinked.computeIfAbsent(
        state.number(), key -> new LayeredFile(this, state, lower, status));
  }

  @Override
  public void close() {
    root.releaseAll();
    for (FileSystem lower : lowers) {
      lower.close();
    }
    pack.close();
    store.close();
  }
}
