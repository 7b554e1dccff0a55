package org.capvm.engine;

import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Consumer;

/** What one of a cVM's three standard descriptors is connected to. */
public sealed interface StandardStream {

  /** The JVM's own descriptor of the same number; the guest reads and writes it itself. */
  record Inherited() implements StandardStream {}

  /** Nothing: reads find the end, writes vanish. */
  record Discarded() implements StandardStream {}

  /**
   * A host file. For standard input it is opened for reading; for the others it is created, or
   * emptied if it is there.
   *
   * @param hostPath the file's path on the host
   */
  record HostFile(Path hostPath) implements StandardStream {
    public HostFile {
      Objects.requireNonNull(hostPath);
    }
  }

  /**
   * A descriptor of the JVM's, which stays the caller's to close.
   *
   * @param hostDescriptor its number
   */
  record HostDescriptor(int hostDescriptor) implements StandardStream {
    public HostDescriptor {
      if (hostDescriptor < 0) {
        throw new IllegalArgumentException("not a descriptor: " + hostDescriptor);
      }
    }
  }

  /**
   * For standard output and error: each piece the guest writes goes to the embedding program. A
   * guest that writes faster than the receiver takes waits, as for any pipe.
   *
   * @param receiver called on a thread of its own, with pieces in order; the last one comes before
   *     the cVM's {@link Cvm#close} returns
   * @param end called on the same thread when no more will come
   */
  record Received(Consumer<byte[]> receiver, Runnable end) implements StandardStream {
    public Received {
      Objects.requireNonNull(receiver);
      Objects.requireNonNull(end);
    }
  }

  /**
   * A descriptor of the JVM's, which is closed when the program that is started, and what it
   * forked, have it no more, or when it could not be started.
   *
   * @param hostDescriptor its number
   */
  record Passed(int hostDescriptor) implements StandardStream {}

  /** The JVM's own descriptor of the same number. */
  static StandardStream inherited() {
    return new Inherited();
  }

  /** Nothing. */
  static StandardStream discarded() {
    return new Discarded();
  }

  /** A host file. */
  static StandardStream hostFile(Path hostPath) {
    return new HostFile(hostPath);
  }
}
