package org.capvm.libos.file;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.content.ContentStore;
import org.capvm.libos.file.content.StorageQuota;
import org.capvm.libos.file.layer.LayeredFileSystem;

/** Trees without a guest, and the short ways in which tests use them. */
public final class FileTrees {
  private static final long ROOMY = 1L << 30;

  private FileTrees() {}

  /** An empty tmpfs. */
  public static LayeredFileSystem tmpfs() {
    return LayeredFileSystem.tmpfs(
        new ContentStore.Memory("test"), new StorageQuota(ROOMY, 10_000), 0755);
  }

  /** The superuser in a tree of one file system. */
  public static Caller callerIn(FileSystem fileSystem) {
    return Caller.system(new FileSystemContext(new MountTable(fileSystem, "test", false)));
  }

  /** What an action gives up with, or 0. */
  public static int errnoOf(Runnable action) {
    try {
      action.run();
      return 0;
    } catch (ErrnoException failed) {
      return failed.errno();
    }
  }

  /** Opens relative to the root. */
  public static FileDescription open(Caller caller, String path, int flags) {
    return FileOpener.open(caller, caller.fileSystem().root(), path, flags, 0644, 0);
  }

  /** Creates or replaces a file. */
  public static void write(Caller caller, String path, String text) {
    int flags = OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC;
    FileDescription file = open(caller, path, flags);
    try (Arena arena = Arena.ofConfined()) {
      byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
      MemorySegment memory = arena.allocate(Math.max(1, bytes.length));
      MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
      ErrnoException.check(file.write(null, IoBuffer.host(memory.asSlice(0, bytes.length))));
    } finally {
      file.release();
    }
  }

  /** A file's text. */
  public static String read(Caller caller, String path) {
    FileDescription file = open(caller, path, OpenFlags.O_RDONLY);
    try {
      return read(file);
    } finally {
      file.release();
    }
  }

  /** Up to 4,096 bytes from an open file's offset. */
  public static String read(FileDescription file) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(4096);
      long count = ErrnoException.check(file.read(null, IoBuffer.host(memory)));
      byte[] bytes = memory.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
  }
}
