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

  /** How many lines were added in all; the kept ones are the last of them. */
  private long added;

  LogBuffer(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** A stream of its own for lines: what two write at the same time is not mixed within a line. */
  Writer newWriter() {
    return new Writer();
  }

  /** Makes lines of pieces. Threads: one. */
  final class Writer {
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

    private Writer() {}

    /** Takes what comes next. */
    void write(byte[] piece) {
      for (byte one : piece) {
        if (one != '\n') {
          begun.write(one);
        }
        if (one == '\n' || begun.size() >= LONGEST_LINE) {
          endLine();
        }
      }
    }

    /** Nothing more comes; a line that was begun counts as one. */
    void end() {
      if (begun.size() > 0) {
        endLine();
      }
    }

    private void endLine() {
      add(begun.toString(StandardCharsets.UTF_8));
      begun.reset();
    }
  }

  /** Adds a line. */
  synchronized void add(String line) {
    lines.add(line);
    added++;
    bytes += line.length() + 1L;
    while (bytes > maxBytes && lines.size() > 1) {
      bytes -= lines.remove().length() + 1L;
    }
    List.copyOf(listeners).forEach(listener -> listener.accept(line));
    notifyAll();
  }

  /** The lines that are kept. */
  synchronized List<String> lines() {
    return List.copyOf(lines);
  }

  /** Has each line to come told to somebody; whoever writes waits for the listener. */
  synchronized void listen(Consumer<String> listener) {
    listeners.add(listener);
  }

  /**
   * Waits for lines after a place among all that were ever added.
   *
   * @param from how many lines come before it
   * @return the lines from there on, without those that are not kept any more, at least one
   */
  synchronized Following after(long from) throws InterruptedException {
    while (added <= from) {
      wait();
    }
    long skipped = Math.max(0, added - lines.size() - from);
    long first = from + skipped - (added - lines.size());
    return new Following(lines.stream().skip(first).toList(), from == 0 ? 0 : skipped, added);
  }

  /**
   * Lines that follow on others.
   *
   * @param skipped how many lines before them the reader was too late for
   * @param next where the ones after them begin
   */
  record Following(List<String> lines, long skipped, long next) {}
}
