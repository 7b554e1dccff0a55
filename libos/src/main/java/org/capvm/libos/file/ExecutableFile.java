package org.capvm.libos.file;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.memory.MappedFile;
import org.capvm.libos.process.ProgramFile;

/** A file opened to be executed: regular, and with permission to execute. Used by one thread. */
public final class ExecutableFile implements ProgramFile {
  private final FileDescription file;

  private ExecutableFile(FileDescription file) {
    this.file = file;
  }

  /**
   * Opens a program as {@code execve} does; a relative path starts at the caller's working
   * directory.
   *
   * @throws ErrnoException EACCES for what is not a regular file or may not be executed, and the
   *     errors of the walk
   */
  public static ExecutableFile open(Caller caller, String path) {
    Location location = PathWalk.find(caller, caller.fileSystem().workingDirectory(), path, true);
    return open(caller, location);
  }

  /** Opens a program that was found already. */
  public static ExecutableFile open(Caller caller, Location location) {
    Inode inode = location.inode();
    if (!inode.isRegular()) {
      throw ErrnoException.of(Errno.EACCES);
    }
    Access.require(inode, caller.credentials(), Access.EXECUTE);
    return new ExecutableFile(inode.open(caller, location, OpenFlags.O_RDONLY));
  }

  @Override
  public int read(long position, byte[] target, int lengthBytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(lengthBytes);
      int done = 0;
      while (done < lengthBytes) {
        IoBuffer buffer = IoBuffer.host(segment.asSlice(done));
        long count = ErrnoException.check(file.readAt(null, buffer, position + done));
        if (count == 0) {
          break;
        }
        done += (int) count;
      }
      MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, 0, target, 0, done);
      return done;
    }
  }

  @Override
  public MappedFile mappedFile() {
    return file.mappedFile();
  }

  @Override
  public void close() {
    file.release();
  }
}
