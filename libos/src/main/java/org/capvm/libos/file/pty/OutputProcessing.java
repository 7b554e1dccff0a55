package org.capvm.libos.file.pty;

import static org.capvm.libos.abi.Termios.IUTF8;
import static org.capvm.libos.abi.Termios.OCRNL;
import static org.capvm.libos.abi.Termios.OLCUC;
import static org.capvm.libos.abi.Termios.ONLCR;
import static org.capvm.libos.abi.Termios.ONLRET;
import static org.capvm.libos.abi.Termios.ONOCR;
import static org.capvm.libos.abi.Termios.OPOST;
import static org.capvm.libos.abi.Termios.TABDLY;
import static org.capvm.libos.abi.Termios.XTABS;

/**
 * The way from a terminal's programs to its screen: line ends, tabs, the column of the cursor, and
 * output that is stopped. Guarded by the pseudo-terminal.
 */
final class OutputProcessing {
  /** What waits for the screen before programs must wait. */
  static final int CAPACITY = 12288;

  /** Echoes may go beyond that, but not without end. */
  private static final int ECHO_CAPACITY = CAPACITY + 4096;

  private static final int TAB = 8;

  private final PacketMode packetMode;
  private final ByteQueue queue = new ByteQueue();
  private final ByteQueue heldEchoes = new ByteQueue();
  private TerminalSettings settings = TerminalSettings.INITIAL;
  private boolean stopped;
  private boolean held;
  private int column;
  private int lineColumn;
  private int sizeBefore;
  private int columnBefore;

  /**
   * Nothing yet.
   *
   * @param packetMode is told when output is stopped and goes on
   */
  OutputProcessing(PacketMode packetMode) {
    this.packetMode = packetMode;
  }

  void setSettings(TerminalSettings changed) {
    settings = changed;
  }

  boolean isStopped() {
    return stopped;
  }

  void stop() {
    if (!stopped) {
      stopped = true;
      packetMode.tellInstead(PacketMode.TIOCPKT_STOP, PacketMode.TIOCPKT_START);
    }
  }

  /** Stops output as what was typed says; echoes of what was typed with it wait as well. */
  void stopByTyping() {
    if (!stopped) {
      queue.moveBeyond(sizeBefore, heldEchoes);
    }
    stop();
  }

  /** Lets output go on, unless it is held. */
  void start() {
    if (!stopped || held) {
      return;
    }
    stopped = false;
    packetMode.tellInstead(PacketMode.TIOCPKT_START, PacketMode.TIOCPKT_STOP);
    while (heldEchoes.size() > 0) {
      queue.add(heldEchoes.peek());
      heldEchoes.drop();
    }
  }

  boolean isHeld() {
    return held;
  }

  /** Stops output until it is released: characters that start it do not. */
  void hold() {
    held = true;
    stop();
  }

  /** Lets output go on that was held. */
  void release() {
    if (held) {
      held = false;
      start();
    }
  }

  /** Shows a character as it is, and even if output is stopped. */
  void show(int character) {
    if (queue.size() < ECHO_CAPACITY) {
      queue.add(character);
    }
  }

  /** How many bytes the screen has not read. */
  int size() {
    return queue.size();
  }

  int take(byte[] into, int offset, int limit) {
    return queue.take(into, offset, limit);
  }

  /** Drops what the screen has not read. */
  void flush() {
    queue.clear();
  }

  /** Whether a program may write. */
  boolean hasRoom() {
    return !stopped && queue.size() < CAPACITY;
  }

  /** Takes what a program writes, as far as there is room; returns how many bytes. */
  int write(byte[] from, int offset, int count) {
    int done = 0;
    while (done < count && hasRoom()) {
      process(from[offset + done++] & 0xff, queue);
    }
    return done;
  }

  /** Shows a character that was typed, or something about it. */
  void echo(int character) {
    ByteQueue target = stopped ? heldEchoes : queue;
    if (target.size() < ECHO_CAPACITY) {
      process(character, target);
    }
  }

  /** What is echoed from now on is shown once all that was typed with it has been taken. */
  void beginEchoes() {
    sizeBefore = queue.size();
    columnBefore = column;
  }

  /** Does not show what was echoed since {@link #beginEchoes}, nor what could not be shown. */
  void dropEchoes() {
    if (queue.size() > sizeBefore) {
      queue.truncate(sizeBefore);
      column = columnBefore;
    }
    heldEchoes.clear();
  }

  /** A line of input begins at the cursor. */
  void markLineStart() {
    lineColumn = column;
  }

  /**
   * Takes a tab away.
   *
   * @param columns of the characters before it, since the tab before it or the start of the line
   * @param afterTab whether there is a tab before it
   */
  void eraseTab(int columns, boolean afterTab) {
    int before = afterTab ? columns : columns + lineColumn;
    for (int left = TAB - before % TAB; left > 0; left--) {
      echo('\b');
    }
  }

  private void process(int character, ByteQueue target) {
    int shown = character;
    if (settings.hasOutput(OPOST)) {
      switch (character) {
        case '\n' -> {
          if (settings.hasOutput(ONLCR)) {
            target.add('\r');
          }
          if (settings.hasOutput(ONLCR) || settings.hasOutput(ONLRET)) {
            column = 0;
          }
          lineColumn = column;
        }
        case '\r' -> {
          if (settings.hasOutput(ONOCR) && column == 0) {
            return;
          }
          shown = settings.hasOutput(OCRNL) ? '\n' : '\r';
          if (shown == '\r' || settings.hasOutput(ONLRET)) {
            column = 0;
            lineColumn = 0;
          }
        }
        case '\t' -> {
          int spaces = TAB - column % TAB;
          column += spaces;
          if ((settings.output() & TABDLY) == XTABS) {
            for (int i = 0; i < spaces; i++) {
              target.add(' ');
            }
            return;
          }
        }
        case '\b' -> column = Math.max(0, column - 1);
        default -> shown = ordinary(character);
      }
    }
    target.add(shown);
  }

  private int ordinary(int character) {
    if (isControl(character)) {
      return character;
    }
    if (!isContinuation(character, settings)) {
      column++;
    }
    boolean lower = character >= 'a' && character <= 'z';
    return lower && settings.hasOutput(OLCUC) ? character - 'a' + 'A' : character;
  }

  static boolean isControl(int character) {
    return character < ' ' || character == 0x7f;
  }

  /** Whether a byte continues a character of UTF-8, where the terminal knows of that. */
  static boolean isContinuation(int character, TerminalSettings settings) {
    return settings.hasInput(IUTF8) && (character & 0xc0) == 0x80;
  }
}
