package org.capvm.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.dev.Terminal;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.Hostcalls;

/** The host descriptors behind a cVM's standard streams. Closes those that it opened. */
final class StandardDescriptors implements AutoCloseable {
  private static final String NOWHERE = "/dev/null";

  private final List<Integer> opened = new ArrayList<>();
  private final int[] descriptors = new int[3];

  private StandardDescriptors() {}

  /**
   * Opens what a configuration names.
   *
   * @throws CvmConfigurationException if a file cannot be opened
   */
  static StandardDescriptors open(CvmConfiguration configuration) {
    StandardDescriptors made = new StandardDescriptors();
    try {
      made.descriptors[0] = made.open(configuration.standardInput(), 0);
      made.descriptors[1] = made.open(configuration.standardOutput(), 1);
      made.descriptors[2] = made.open(configuration.standardError(), 2);
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
    };
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
    long path = Hostcalls.openRoot(hostPath.toAbsolutePath().toString());
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

  @Override
  public void close() {
    opened.forEach(Hostcalls::close);
  }
}
