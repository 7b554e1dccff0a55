package org.capvm.libos.file.layer;

import java.lang.ref.SoftReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.ExtendedAttributes;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Timestamp;

/**
 * A directory: its own names over those of the lower directories it merges. Lookups take no lock;
 * changes hold the file system's tree lock.
 */
final class LayeredDirectory extends Directory {
  private static final long NEW_SIZE_BYTES = 4096;
  private static final long NEW_BLOCKS = 8;
  private static final int RENAME_NOREPLACE = 1;
  private static final int RENAME_EXCHANGE = 2;

  /**
   * Names known to be missing below are remembered up to this many, so that a guest cannot fill
   * memory with lookups.
   */
  private static final int MISSES_REMEMBERED = 16384;

  /** What a name leads to; null is nothing, here and in the layers below. */
  private record Name(Inode inode) {}

  private static final Name GONE = new Name(null);

  private final LayeredFileSystem fileSystem;
  private final NodeState state;
  private final List<Directory> lowers;
  private final ConcurrentHashMap<String, Name> names = new ConcurrentHashMap<>();
  private volatile SoftReference<Collection<Entry>> lowerListing = new SoftReference<>(null);
  private volatile LayeredDirectory parent;
  private volatile String name;
  private volatile boolean removed;

  /** The first lower directory's, asked for once: it does not change. */
  private volatile FileStatus lowerStatus;

  /** A directory; a null parent makes it the root. */
  LayeredDirectory(
      LayeredFileSystem fileSystem,
      LayeredDirectory parent,
      String name,
      NodeState state,
      List<Directory> lowers) {
    this.fileSystem = fileSystem;
    this.parent = parent == null ? this : parent;
    this.name = name;
    this.state = state;
    this.lowers = lowers;
  }

  @Override
  public FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public Directory parent() {
    return parent;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean isRemoved() {
    return removed;
  }

  @Override
  public FileStatus status() {
    if (lowers.isEmpty()) {
      return state.status(fileSystem.device(), NEW_SIZE_BYTES, NEW_BLOCKS);
    }
    FileStatus lower = lowerStatus;
    if (lower == null) {
      lower = lowers.getFirst().status();
      lowerStatus = lower;
    }
    return state.status(fileSystem.device(), lower.size(), lower.blocks());
  }

  @Override
  public FileStatus permissions() {
    return state.status(fileSystem.device(), NEW_SIZE_BYTES, NEW_BLOCKS);
  }

  // ---- lookup

  @Override
  public Inode lookup(Caller caller, String child) {
    Name known = names.get(child);
    if (known == null && !lowers.isEmpty()) {
      known = names.computeIfAbsent(child, this::below);
    }
    return known == null ? null : known.inode;
  }

  /** What the lower layers have under a name; null for nothing that is not to be remembered. */
  private Name below(String child) {
    List<Directory> merged = new ArrayList<>(1);
    for (Directory lower : lowers) {
      Inode found = lower.lookup(null, child);
      if (found instanceof Directory directory) {
        merged.add(directory);
      } else if (found != null) {
        if (merged.isEmpty()) {
          return new Name(fileSystem.wrap(found));
        }
        break;
      }
    }
    if (!merged.isEmpty()) {
      return new Name(merge(child, merged));
    }
    return names.size() < MISSES_REMEMBERED ? GONE : null;
  }

  private LayeredDirectory merge(String child, List<Directory> merged) {
    NodeState merging = fileSystem.lowerState(merged.get(0).status());
    return new LayeredDirectory(fileSystem, this, child, merging, List.copyOf(merged));
  }

  /** Gives a name of this directory a lower tree or file as its content. */
  void adopt(String child, Inode lower) {
    Inode inode =
        lower instanceof Directory directory
            ? merge(child, List.of(directory))
            : fileSystem.wrap(lower);
    names.put(child, new Name(inode));
  }

  @Override
  public List<Entry> list(Caller caller) {
    Map<String, Entry> entries = new LinkedHashMap<>();
    for (Entry entry : lowerEntries()) {
      entries.put(entry.name(), entry);
    }
    names.forEach(
        (child, known) -> {
          if (known.inode == null) {
            entries.remove(child);
          } else {
            entries.put(child, new Entry(child, numberOf(known.inode), known.inode.type()));
          }
        });
    return List.copyOf(entries.values());
  }

  /** What the lower directories hold together, read once: they do not change. */
  private Collection<Entry> lowerEntries() {
    Collection<Entry> known = lowerListing.get();
    if (known == null) {
      Map<String, Entry> merged = new LinkedHashMap<>();
      for (Directory lower : lowers) {
        long device = lower.fileSystem().device();
        for (Entry entry : lower.list(null)) {
          long number = fileSystem.numberOf(device, entry.inode());
          merged.putIfAbsent(entry.name(), new Entry(entry.name(), number, entry.type()));
        }
      }
      known = List.copyOf(merged.values());
      lowerListing = new SoftReference<>(known);
    }
    return known;
  }

  private static long numberOf(Inode inode) {
    return inode instanceof LayeredDirectory directory
        ? directory.state.number()
        : ((LayeredNode) inode).state.number();
  }

  // ---- changes, all under the tree lock

  private void put(String child, Inode inode) {
    names.put(child, new Name(inode));
    state.touch();
  }

  private void drop(String child) {
    if (lowers.isEmpty()) {
      names.remove(child);
    } else {
      names.put(child, GONE);
    }
    state.touch();
  }

  private void requireFree(String child) {
    if (removed) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (lookup(null, child) != null) {
      throw ErrnoException.of(Errno.EEXIST);
    }
  }

  private Inode require(String child) {
    Inode inode = lookup(null, child);
    if (inode == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    return inode;
  }

  private void requireEmpty() {
    if (!list(null).isEmpty()) {
      throw ErrnoException.of(Errno.ENOTEMPTY);
    }
  }

  @Override
  public Inode createFile(String child, Attributes attributes) {
    synchronized (fileSystem.treeLock) {
      requireFree(child);
      NodeState made = fileSystem.newState(FileMode.S_IFREG, attributes, 1);
      LayeredFile file = new LayeredFile(fileSystem, made);
      put(child, file);
      return file;
    }
  }

  @Override
  public Inode createUnnamed(Attributes attributes) {
    return new LayeredFile(fileSystem, fileSystem.newState(FileMode.S_IFREG, attributes, 0));
  }

  @Override
  public Directory createDirectory(String child, Attributes attributes) {
    synchronized (fileSystem.treeLock) {
      requireFree(child);
      NodeState made = fileSystem.newState(FileMode.S_IFDIR, attributes, 2);
      LayeredDirectory directory = new LayeredDirectory(fileSystem, this, child, made, List.of());
      put(child, directory);
      state.addLinks(1);
      return directory;
    }
  }

  @Override
  public Inode createSymbolicLink(String child, String target, Attributes attributes) {
    synchronized (fileSystem.treeLock) {
      requireFree(child);
      NodeState made = fileSystem.newState(FileMode.S_IFLNK, attributes, 1);
      LayeredLink link = new LayeredLink(fileSystem, made, target);
      put(child, link);
      return link;
    }
  }

  @Override
  public Inode createNode(String child, Attributes attributes) {
    synchronized (fileSystem.treeLock) {
      requireFree(child);
      int type = attributes.mode() & FileMode.S_IFMT;
      LayeredSpecial node =
          new LayeredSpecial(fileSystem, fileSystem.newState(type, attributes, 1));
      put(child, node);
      return node;
    }
  }

  @Override
  public void link(String child, Inode file) {
    if (!(file instanceof LayeredNode node)) {
      throw ErrnoException.of(Errno.EPERM);
    }
    synchronized (fileSystem.treeLock) {
      requireFree(child);
      node.linked();
      put(child, node);
    }
  }

  @Override
  public void unlink(String child) {
    synchronized (fileSystem.treeLock) {
      if (!(require(child) instanceof LayeredNode node)) {
        throw ErrnoException.of(Errno.EISDIR);
      }
      drop(child);
      node.unlinked();
    }
  }

  @Override
  public void removeDirectory(String child) {
    synchronized (fileSystem.treeLock) {
      if (!(require(child) instanceof LayeredDirectory directory)) {
        throw ErrnoException.of(Errno.ENOTDIR);
      }
      directory.requireEmpty();
      drop(child);
      directory.wasRemoved();
      state.addLinks(-1);
    }
  }

  private void wasRemoved() {
    removed = true;
    state.addLinks(-state.links());
    state.free();
  }

  @Override
  public void rename(String child, Directory target, String newName, int flags) {
    LayeredDirectory to = (LayeredDirectory) target;
    synchronized (fileSystem.treeLock) {
      Inode source = require(child);
      Inode existing = to.lookup(null, newName);
      if (to.removed) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      if (source instanceof LayeredDirectory directory && to.isBeneath(directory)) {
        throw ErrnoException.of(Errno.EINVAL);
      }
      if (flags != RENAME_EXCHANGE
          && existing instanceof LayeredDirectory above
          && isBeneath(above)) {
        throw ErrnoException.of(Errno.ENOTEMPTY);
      }
      if (flags == RENAME_EXCHANGE) {
        exchange(child, source, to, newName, existing);
        return;
      }
      if (existing != null) {
        if (flags == RENAME_NOREPLACE) {
          throw ErrnoException.of(Errno.EEXIST);
        }
        if (existing == source) {
          return;
        }
        to.makeWay(source, existing);
      }
      drop(child);
      to.put(newName, source);
      moved(source, this, to, newName);
    }
  }

  private void exchange(
      String child, Inode source, LayeredDirectory to, String newName, Inode existing) {
    if (existing == null) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (existing instanceof LayeredDirectory directory && isBeneath(directory)) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    put(child, existing);
    to.put(newName, source);
    moved(source, this, to, newName);
    moved(existing, to, this, child);
  }

  /** Removes what a rename replaces; the name itself is replaced by the caller. */
  private void makeWay(Inode source, Inode existing) {
    if (existing instanceof LayeredDirectory directory) {
      if (!source.isDirectory()) {
        throw ErrnoException.of(Errno.EISDIR);
      }
      directory.requireEmpty();
      directory.wasRemoved();
      state.addLinks(-1);
    } else {
      if (source.isDirectory()) {
        throw ErrnoException.of(Errno.ENOTDIR);
      }
      ((LayeredNode) existing).unlinked();
    }
  }

  private static void moved(
      Inode inode, LayeredDirectory from, LayeredDirectory to, String newName) {
    if (inode instanceof LayeredDirectory directory) {
      directory.parent = to;
      directory.name = newName;
      from.state.addLinks(-1);
      to.state.addLinks(1);
    }
  }

  private boolean isBeneath(LayeredDirectory ancestor) {
    LayeredDirectory at = this;
    while (at != ancestor) {
      if (at.parent == at) {
        return false;
      }
      at = at.parent;
    }
    return true;
  }

  @Override
  public void changeMode(int permissions) {
    state.changeMode(permissions);
  }

  @Override
  public void changeOwner(int uid, int gid) {
    state.changeOwner(uid, gid);
  }

  @Override
  public void changeTimes(Timestamp access, Timestamp modification) {
    state.changeTimes(access, modification);
  }

  @Override
  public ExtendedAttributes extendedAttributes() {
    return state;
  }

  /** Releases every content below here that is not open. A guest may nest directories deeply. */
  void releaseAll() {
    Deque<LayeredDirectory> pending = new ArrayDeque<>();
    pending.push(this);
    while (!pending.isEmpty()) {
      for (Name known : pending.pop().names.values()) {
        if (known.inode instanceof LayeredDirectory directory) {
          pending.push(directory);
        } else if (known.inode instanceof LayeredNode node) {
          node.releaseAll();
        }
      }
    }
  }
}
