package org.capvm.engine;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.dev.Terminal;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.processor.HostProcessors;

/** The host descriptors behind a cVM's standard streams. Closes those that it opened. */
final class StandardDescriptors implements AutoCloseable {
  private static final int PIECE_BYTES = 4096;
  private static final String NOWHERE = "/dev/null";

  private final List<Integer> opened = new ArrayList<>();
  private final List<CompletableFuture<Void>> receivers = new ArrayList<>();
  private final int[] descriptors = new int[3];

  private StandardDescriptors() {}

  /**
   * Opens what the start of a program names.
   *
   * @throws CvmConfigurationException if a file cannot be opened
   */
  static StandardDescriptors open(ProgramStart start) {
    StandardDescriptors made = new StandardDescriptors();
    // These are let go of however it ends.
    for (StandardStream stream :
        List.of(start.standardInput(), start.standardOutput(), start.standardError())) {
      if (stream instanceof StandardStream.Passed(int descriptor)) {
        made.opened.add(descriptor);
      }
    }
    try {
      made.descriptors[0] = made.open(start.standardInput(), 0);
      made.descriptors[1] = made.open(start.standardOutput(), 1);
      made.descriptors[2] = made.open(start.standardError(), 2);
      return made;
    } catch (RuntimeException failure) {
      made.close();
      throw failure;
    }
  }

  /** The host descriptor behind guest descriptor 0, 1 or 2. */
  int hostDescriptor(int guestDescriptor) {
    return descriptors[guestDescriptor];
  }

  /** What the cVM's terminal keeps, or null if none of the three is one. */
  Terminal terminal() {
    return terminalDescriptor() < 0 ? null : new Terminal();
  }

  /** The first of the three that is a terminal, or -1. */
  int terminalDescriptor() {
    for (int descriptor : descriptors) {
      if (Terminal.isTerminal(descriptor)) {
        return descriptor;
      }
    }
    return -1;
  }

  private int open(StandardStream stream, int guestDescriptor) {
    return switch (stream) {
      case StandardStream.Inherited() -> guestDescriptor;
      case StandardStream.HostDescriptor(int descriptor) -> descriptor;
      case StandardStream.Discarded() -> open(Path.of(NOWHERE), guestDescriptor);
      case StandardStream.HostFile(Path hostPath) -> open(hostPath, guestDescriptor);
      case StandardStream.Received received -> receive(received);
      case StandardStream.Passed(int descriptor) -> descriptor;
    };
  }

  /** Makes a pipe, and a thread that passes on what comes out of it. */
  private int receive(StandardStream.Received receiver) {
    MemorySegment pair = HostScratch.get();
    ErrnoException.check(Hostcalls.pipe(pair.address()));
    int from = pair.get(ValueLayout.JAVA_INT, 0);
    int to = pair.get(ValueLayout.JAVA_INT, Integer.BYTES);
    opened.add(to);
    CompletableFuture<Void> end = new CompletableFuture<>();
    receivers.add(end);
    Runnable passing = HostProcessors.onAll(() -> passOn(from, receiver, end));
    Thread.ofPlatform().daemon().name("capvm-output").start(passing);
    return to;
  }

  private static void passOn(
      int from, StandardStream.Received receiver, CompletableFuture<Void> end) {
    MemorySegment piece = HostScratch.get();
    try {
      long count = Hostcalls.read(from, piece.address(), PIECE_BYTES);
      while (count > 0) {
        receiver.receiver().accept(piece.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
        count = Hostcalls.read(from, piece.address(), PIECE_BYTES);
      }
      receiver.end().run();
    } finally {
      Hostcalls.close(from);
      end.complete(null);
    }
  }

  private int open(Path hostPath, int guestDescriptor) {
    int access = guestDescriptor == 0 ? OpenFlags.O_RDONLY : OpenFlags.O_WRONLY;
    try {
      if (guestDescriptor != 0) {
        Files.newOutputStream(hostPath).close();
      }
    } catch (IOException failure) {
      throw new CvmConfigurationException("cannot write to " + hostPath, failure);
    }
    return reopen(hostPath.toAbsolutePath().toString(), access);
  }

  private int reopen(String hostPath, int access) {
    long path = Hostcalls.openRoot(hostPath);
    long result = path < 0 ? path : HostPathcalls.reopen((int) path, access);
    if (path >= 0) {
      Hostcalls.close((int) path);
    }
    if (result < 0) {
      int errno = (int) -result;
      throw new CvmConfigurationException(
          hostPath + ": " + Errno.message(errno), ErrnoException.of(errno));
    }
    opened.add((int) result);
    return (int) result;
  }

  /** A second time does nothing: the numbers may be somebody else's by then. */
  @Override
  public synchronized void close() {
    opened.forEach(Hostcalls::close);
    opened.clear();
    receivers.forEach(CompletableFuture::join);
    receivers.clear();
  }
}
