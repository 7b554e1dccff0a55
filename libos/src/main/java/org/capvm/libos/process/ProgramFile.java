package org.capvm.libos.process;

import org.capvm.libos.memory.MappedFile;

/** An open file that {@code execve} may run. Used by one thread, then closed. */
public interface ProgramFile extends ElfImage.Source, AutoCloseable {
  /** The file for mappings; valid while the program file is open, and longer if retained. */
  MappedFile mappedFile();

  @Override
  void close();

  /** Opens program files. Paths have one byte per character. */
  @FunctionalInterface
  interface Opener {
    /**
     * Opens a file to run it.
     *
     * @throws org.capvm.libos.ErrnoException ENOENT, EACCES and the others of {@code execve}'s path
     *     walk
     */
    ProgramFile open(String path);
  }
}
