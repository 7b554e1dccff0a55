package org.capvm.libos.file.content;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.capvm.libos.abi.Whence.SEEK_SET;

import java.lang.foreign.MemorySegment;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.HostFilecalls;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;

/** Copies one host file's bytes into another inside the host, sharing storage where it can. */
public final class HostCopy {
  private static final long CHUNK = 1L << 30;

  private HostCopy() {}

  /** Copies a run of bytes; stops early at the end of the input. */
  public static void copy(int input, long inputAt, int output, long outputAt, long lengthBytes) {
    boolean byRange = true;
    long done = 0;
    while (done < lengthBytes) {
      long chunk = Math.min(CHUNK, lengthBytes - done);
      long count = step(input, inputAt + done, output, outputAt + done, chunk, byRange);
      if (count < 0 && byRange) {
        byRange = false;
        ErrnoException.check(Hostcalls.lseek(output, outputAt + done, SEEK_SET));
        continue;
      }
      if (ErrnoException.check(count) == 0) {
        return;
      }
      done += count;
    }
  }

  private static long step(
      int input, long inputAt, int output, long outputAt, long chunk, boolean byRange) {
    MemorySegment scratch = HostScratch.get();
    scratch.set(JAVA_LONG, 0, inputAt);
    scratch.set(JAVA_LONG, 8, outputAt);
    long address = scratch.address();
    return byRange
        ? HostFilecalls.copyFileRange(input, address, output, address + 8, chunk)
        : HostFilecalls.sendfile(output, input, address, chunk);
  }
}
