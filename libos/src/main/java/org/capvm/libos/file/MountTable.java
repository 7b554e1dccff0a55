package org.capvm.libos.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.capvm.libos.file.content.DescriptorBudget;
import org.capvm.libos.file.watch.Watches;

/**
 * The mounts of one cVM. Mounts are added while the cVM is being made and never go away before it
 * does.
 *
 * <p>Threads: {@link #mount} is for one thread, before others use the table; the rest is for any.
 */
public final class MountTable implements AutoCloseable {
  /** Host descriptors that the files of one cVM may hold; a JVM has some ten thousand. */
  private static final int MAX_DESCRIPTORS = 4096;

  private final Map<Inode, Mount> mountedOn = new ConcurrentHashMap<>();
  private final List<Mount> mounts = new ArrayList<>();
  private final DescriptorBudget descriptors = new DescriptorBudget(MAX_DESCRIPTORS);
  private final Watches watches = new Watches();

  /** A tree of one file system. */
  public MountTable(FileSystem root, String source, boolean readOnly) {
    mounts.add(new Mount(1, root, null, source, readOnly, watches));
  }

  /** Attaches a file system to a place of the tree; what was there is hidden. */
  public Mount mount(FileSystem fileSystem, Location point, String source, boolean readOnly) {
    Mount mount = new Mount(mounts.size() + 1, fileSystem, point, source, readOnly, watches);
    mounts.add(mount);
    mountedOn.put(point.inode(), mount);
    point.inode().setMountPoint(true);
    return mount;
  }

  /** The root of the tree. */
  public Location root() {
    return mounts.get(0).root();
  }

  /** What the host descriptors of open files are taken from. */
  public DescriptorBudget descriptors() {
    return descriptors;
  }

  /** Hears of what happens to files. */
  public Watches watches() {
    return watches;
  }

  /** All mounts, in the order they were made. */
  public List<Mount> mounts() {
    return List.copyOf(mounts);
  }

  /** What a walk finds at an inode: the root of what is mounted on it, or the inode itself. */
  Location cross(Location location) {
    Location current = location;
    while (current.inode().isMountPoint()) {
      current = mountedOn.get(current.inode()).root();
    }
    return current;
  }

  /** Closes every file system. */
  @Override
  public void close() {
    for (Mount mount : mounts) {
      mount.fileSystem().close();
    }
  }
}
