package org.capvm.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/**
 * The latest lines that a cVM wrote. Standard output and standard error meet here.
 *
 * <p>Threads: any; listeners are called with the monitor held, so that they hear lines in order.
 */
final class LogBuffer {
  /** How much is kept unless something else is said. */
  static final long DEFAULT_BYTES = 1 << 20;

  /** A longer line is cut in two. */
  private static final int LONGEST_LINE = 16 << 10;

  private final long maxBytes;
  private final Deque<String> lines = new ArrayDeque<>();
  private final List<Consumer<String>> listeners = new ArrayList<>();
  private long bytes;

  LogBuffer(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** A stream of its own for lines: what two write at the same time is not mixed within a line. */
  Consumer<byte[]> newWriter() {
    ByteArrayOutputStream begun = new ByteArrayOutputStream();
    return piece -> {
      for (byte one : piece) {
        if (one != '\n') {
          begun.write(one);
        }
        if (one == '\n' || begun.size() >= LONGEST_LINE) {
          add(begun.toString(StandardCharsets.UTF_8));
          begun.reset();
        }
      }
    };
  }

  /** Adds a line. */
  synchronized void add(String line) {
    lines.add(line);
    bytes += line.length() + 1L;
    while (bytes > maxBytes && lines.size() > 1) {
      bytes -= lines.remove().length() + 1L;
    }
    List.copyOf(listeners).forEach(listener -> listener.accept(line));
  }

  /** The lines that are kept. */
  synchronized List<String> lines() {
    return List.copyOf(lines);
  }

  /** Has the lines that are kept, and those to come, told to somebody. */
  synchronized void follow(Consumer<String> listener) {
    lines.forEach(listener);
    listeners.add(listener);
  }

  /** Tells somebody nothing more. */
  synchronized void unfollow(Consumer<String> listener) {
    listeners.remove(listener);
  }
}
