package org.capvm.libos.memory;

import org.capvm.machine.code.CodeOrigin;

/**
 * A file as mappings see it. Implemented by what open files refer to; outlives the descriptor that
 * it was mapped through. Any thread may call it.
 */
public interface MappedFile {
  /** The host descriptor to map; open for reading, and for writing if the guest's is. */
  int hostDescriptor();

  /** The path {@code /proc/PID/maps} shows. */
  String path();

  /** The device number the guest sees, in {@code makedev}'s form. */
  long device();

  /** The inode number the guest sees. */
  long inode();

  /** Whether a shared mapping of it may be written. */
  boolean isWritable();

  /**
   * What identifies the bytes at an offset so that cVMs that map the same file share its
   * translations, or null if they must not.
   */
  CodeOrigin origin(long fileOffset);

  /** One more area maps the file. */
  void retain();

  /** An area that mapped the file is gone. */
  void release();
}
