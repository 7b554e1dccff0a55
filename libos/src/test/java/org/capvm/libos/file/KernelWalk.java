package org.capvm.libos.file;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;

/** Where the host's own kernel says a path leads, for a process whose root is a directory. */
final class KernelWalk {
  private static final int HOW_OFFSET = 8192;

  private final String root;
  private final int descriptor;

  KernelWalk(Path root) throws IOException {
    this.root = root.toRealPath().toString();
    descriptor = (int) Hostcalls.openRoot(this.root);
  }

  /** The path found, from the root, or the name of the errno. */
  String walk(String path, boolean follow) {
    MemorySegment scratch = HostScratch.get();
    long address = HostScratch.string(0, path.getBytes(StandardCharsets.ISO_8859_1));
    long flags = OpenFlags.O_PATH | OpenFlags.O_CLOEXEC | (follow ? 0 : OpenFlags.O_NOFOLLOW);
    scratch.set(JAVA_LONG, HOW_OFFSET, flags);
    scratch.set(JAVA_LONG, HOW_OFFSET + 8, 0);
    scratch.set(JAVA_LONG, HOW_OFFSET + 16, PathWalk.RESOLVE_IN_ROOT);
    long opened = Hostcalls.openat2(descriptor, address, scratch.address() + HOW_OFFSET, 24);
    if (opened < 0) {
      return Errno.name((int) -opened);
    }
    try {
      String found = Files.readSymbolicLink(Path.of("/proc/self/fd/" + opened)).toString();
      return found.equals(root) ? "/" : found.substring(root.length());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } finally {
      Hostcalls.close((int) opened);
    }
  }
}
