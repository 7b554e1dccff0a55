package org.capvm.libos.file;

import org.capvm.libos.file.watch.Watches;

/**
 * One file system attached to one place of the tree. Immutable.
 *
 * @param id shown in {@code /proc/self/mountinfo}
 * @param fileSystem what is attached
 * @param point where, or null for the root of the tree
 * @param source what {@code /proc/mounts} names first
 * @param readOnly whether every change is refused with EROFS
 * @param watches hears of what happens to its files
 */
public record Mount(
    int id,
    FileSystem fileSystem,
    Location point,
    String source,
    boolean readOnly,
    Watches watches) {

  /** The root of the attached file system. */
  public Location root() {
    return Location.of(this, fileSystem.root());
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return id;
  }
}
