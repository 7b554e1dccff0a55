package org.capvm.libos.process;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.memory.MappedFile;
import org.capvm.machine.code.CodeOrigin;

/** A file of the host as a program, without a file system in between. */
final class HostProgram implements ProgramFile, MappedFile {
  private final String path;
  private final int descriptor;

  private HostProgram(String path) {
    this.path = path;
    int handle = (int) ErrnoException.check(Hostcalls.openRoot(path));
    try {
      // Through /proc, because the handle itself is for walking only.
      this.descriptor = reopen(handle);
    } finally {
      Hostcalls.close(handle);
    }
  }

  static HostProgram open(String path) {
    return new HostProgram(path);
  }

  private static int reopen(int handle) {
    MemorySegment scratch = HostScratch.get();
    long how = scratch.address() + 4096;
    scratch.asSlice(4096, 24).fill((byte) 0);
    byte[] name = ("/proc/self/fd/" + handle).getBytes(StandardCharsets.US_ASCII);
    return (int) ErrnoException.check(Hostcalls.openat2(-100, HostScratch.string(0, name), how, 24));
  }

  @Override
  public int read(long position, byte[] target, int lengthBytes) {
    try (RandomAccessFile file = new RandomAccessFile(path, "r")) {
      file.seek(position);
      return Math.max(0, file.read(target, 0, lengthBytes));
    } catch (IOException e) {
      throw ErrnoException.of(Errno.EIO);
    }
  }

  @Override
  public MappedFile mappedFile() {
    return this;
  }

  @Override
  public int hostDescriptor() {
    return descriptor;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public long device() {
    return 2;
  }

  @Override
  public long inode() {
    return descriptor;
  }

  @Override
  public boolean isWritable() {
    return false;
  }

  @Override
  public CodeOrigin origin(long fileOffset) {
    return null;
  }

  @Override
  public void retain() {}

  @Override
  public void release() {}

  @Override
  public void close() {}
}
