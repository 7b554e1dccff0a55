package org.capvm.libos.file.pty;

import static org.capvm.libos.abi.Termios.ECHO;
import static org.capvm.libos.abi.Termios.ECHOCTL;
import static org.capvm.libos.abi.Termios.ECHOE;
import static org.capvm.libos.abi.Termios.ECHOK;
import static org.capvm.libos.abi.Termios.ECHOKE;
import static org.capvm.libos.abi.Termios.ECHONL;
import static org.capvm.libos.abi.Termios.ECHOPRT;
import static org.capvm.libos.abi.Termios.EXTPROC;
import static org.capvm.libos.abi.Termios.ICANON;
import static org.capvm.libos.abi.Termios.ICRNL;
import static org.capvm.libos.abi.Termios.IEXTEN;
import static org.capvm.libos.abi.Termios.IGNCR;
import static org.capvm.libos.abi.Termios.INLCR;
import static org.capvm.libos.abi.Termios.ISIG;
import static org.capvm.libos.abi.Termios.ISTRIP;
import static org.capvm.libos.abi.Termios.IUCLC;
import static org.capvm.libos.abi.Termios.IXANY;
import static org.capvm.libos.abi.Termios.IXON;
import static org.capvm.libos.abi.Termios.NOFLSH;
import static org.capvm.libos.abi.Termios.PARMRK;
import static org.capvm.libos.abi.Termios.VEOF;
import static org.capvm.libos.abi.Termios.VEOL;
import static org.capvm.libos.abi.Termios.VEOL2;
import static org.capvm.libos.abi.Termios.VERASE;
import static org.capvm.libos.abi.Termios.VINTR;
import static org.capvm.libos.abi.Termios.VKILL;
import static org.capvm.libos.abi.Termios.VLNEXT;
import static org.capvm.libos.abi.Termios.VMIN;
import static org.capvm.libos.abi.Termios.VQUIT;
import static org.capvm.libos.abi.Termios.VREPRINT;
import static org.capvm.libos.abi.Termios.VSTART;
import static org.capvm.libos.abi.Termios.VSTOP;
import static org.capvm.libos.abi.Termios.VSUSP;
import static org.capvm.libos.abi.Termios.VTIME;
import static org.capvm.libos.abi.Termios.VWERASE;

import java.util.function.IntConsumer;
import org.capvm.libos.abi.Signal;

/**
 * The way from a terminal's keyboard to its programs, as Linux's N_TTY goes it: lines that can be
 * edited, echoes, characters that send signals or stop the output. Guarded by the pseudo-terminal.
 */
final class LineDiscipline {
  /** What programs have not read, as on Linux. */
  private static final int CAPACITY = 4096;

  /** Marks a character that ends a line. */
  private static final short END = 0x100;

  /** Marks, besides, that it is the end of input, which nobody reads. */
  private static final short NOTHING = 0x200;

  private final short[] ring = new short[CAPACITY];
  private final OutputProcessing output;
  private final IntConsumer signals;
  private final PacketMode packetMode;
  private TerminalSettings settings = TerminalSettings.INITIAL;

  /** Positions count up for ever; what is between tail and lineEnd are whole lines. */
  private long head;

  private long lineEnd;
  private long tail;
  private boolean literal;
  private boolean erasing;

  /**
   * A discipline with a new terminal's settings.
   *
   * @param output where echoes go
   * @param signals takes the signals that the foreground process group gets
   * @param packetMode is told what the master wants to know
   */
  LineDiscipline(OutputProcessing output, IntConsumer signals, PacketMode packetMode) {
    this.output = output;
    this.signals = signals;
    this.packetMode = packetMode;
  }

  TerminalSettings settings() {
    return settings;
  }

  void setSettings(TerminalSettings changed) {
    final boolean wasCanonical = isCanonical();
    tellChanges(changed);
    settings = changed;
    boolean other = isCanonical() != wasCanonical;
    output.setSettings(changed);
    if (other) {
      for (long at = tail; at < head; at++) {
        ring[slot(at)] &= 0xff;
      }
      lineEnd = isCanonical() ? head : tail;
      erasing = false;
      literal = false;
    }
    if (output.isStopped() && !changed.hasInput(IXON)) {
      output.start();
    }
  }

  private void tellChanges(TerminalSettings changed) {
    boolean flow = changed.hasUsualFlowControl();
    if (flow != settings.hasUsualFlowControl()) {
      int told = flow ? PacketMode.TIOCPKT_DOSTOP : PacketMode.TIOCPKT_NOSTOP;
      packetMode.tellInstead(told, PacketMode.TIOCPKT_DOSTOP | PacketMode.TIOCPKT_NOSTOP);
    }
    if (settings.hasLocal(EXTPROC) || changed.hasLocal(EXTPROC)) {
      packetMode.tell(PacketMode.TIOCPKT_IOCTL);
    }
  }

  /** Whether programs read lines: those that the master has edited are characters like others. */
  boolean isCanonical() {
    return settings.hasLocal(ICANON) && !settings.hasLocal(EXTPROC);
  }

  private static int slot(long position) {
    return (int) (position % CAPACITY);
  }

  private int at(long position) {
    return ring[slot(position)] & 0xff;
  }

  // ---- to programs

  /**
   * Whether a read finds something.
   *
   * @param enough whether it must be as much as VMIN asks for, which is how {@code poll} looks
   */
  boolean isAvailable(boolean enough) {
    if (isCanonical()) {
      return lineEnd > tail;
    }
    int minimum = settings.character(VMIN);
    boolean counted = enough && settings.character(VTIME) == 0 && minimum != 0;
    return head - tail >= (counted ? minimum : 1);
  }

  /** What FIONREAD says. */
  int available() {
    if (!isCanonical()) {
      return (int) (head - tail);
    }
    int count = 0;
    for (long at = tail; at < lineEnd; at++) {
      count += (ring[slot(at)] & NOTHING) == 0 ? 1 : 0;
    }
    return count;
  }

  /** Takes a line, or as much of it as there is room for, or what is there; returns how much. */
  int read(byte[] into, int offset, int limit) {
    int count = 0;
    if (!isCanonical()) {
      while (count < limit && tail < head) {
        into[offset + count++] = (byte) at(tail++);
      }
      return count;
    }
    while (tail < lineEnd) {
      short next = ring[slot(tail)];
      // The end of input right behind the last byte that fits is read with it.
      if (count == limit && (next & NOTHING) == 0) {
        break;
      }
      tail++;
      if ((next & NOTHING) == 0) {
        into[offset + count++] = (byte) next;
      }
      if ((next & END) != 0) {
        break;
      }
    }
    return count;
  }

  /** Drops what was typed and not read. */
  void flush() {
    tail = head;
    lineEnd = head;
    erasing = false;
    literal = false;
    packetMode.tell(PacketMode.TIOCPKT_FLUSHREAD);
  }

  // ---- from the keyboard

  /** Takes a character; returns false if there is no room for it. */
  boolean receive(int typed) {
    long room = CAPACITY - (head - tail);
    if (settings.hasInput(PARMRK)) {
      room = (room + 2) / 3;
    }
    room--;
    if (room <= 0) {
      // A line that is too long can still be ended: its last character gives way.
      if (!isCanonical() || lineEnd != tail) {
        return false;
      }
      if (room < 0) {
        head--;
      }
    }
    int character = settings.hasInput(ISTRIP) ? typed & 0x7f : typed;
    if (settings.hasInput(IUCLC) && settings.hasLocal(IEXTEN)) {
      character = Character.isUpperCase(character) ? Character.toLowerCase(character) : character;
    }
    if (settings.hasLocal(EXTPROC)) {
      ring[slot(head++)] = (short) character;
    } else if (literal) {
      literal = false;
      echoAndKeep(character);
    } else if (!controls(character)) {
      edit(character);
    }
    return true;
  }

  /** Flow control and signals; whether it was that. */
  private boolean controls(int character) {
    if (settings.hasInput(IXON)) {
      if (settings.is(character, VSTART)) {
        output.start();
        return true;
      }
      if (settings.is(character, VSTOP)) {
        output.stopByTyping();
        return true;
      }
    }
    if (settings.hasLocal(ISIG)) {
      int signal =
          settings.is(character, VINTR)
              ? Signal.SIGINT
              : settings.is(character, VQUIT)
                  ? Signal.SIGQUIT
                  : settings.is(character, VSUSP) ? Signal.SIGTSTP : 0;
      if (signal != 0) {
        interrupt(signal, character);
        return true;
      }
    }
    if (output.isStopped() && settings.hasInput(IXON) && settings.hasInput(IXANY)) {
      output.start();
    }
    return false;
  }

  private void interrupt(int signal, int character) {
    signals.accept(signal);
    if (!settings.hasLocal(NOFLSH)) {
      flush();
      output.dropEchoes();
      packetMode.tell(PacketMode.TIOCPKT_FLUSHWRITE);
    }
    if (settings.hasInput(IXON)) {
      output.start();
    }
    if (settings.hasLocal(ECHO)) {
      echo(character);
    }
  }

  private void edit(int received) {
    int character = received;
    if (received == '\r' && settings.hasInput(IGNCR)) {
      return;
    }
    if (received == '\r' && settings.hasInput(ICRNL)) {
      character = '\n';
    } else if (received == '\n' && settings.hasInput(INLCR)) {
      character = '\r';
    }
    if (!isCanonical() || !editsLine(character)) {
      echoAndKeep(character);
    }
  }

  private boolean editsLine(int character) {
    boolean extended = settings.hasLocal(IEXTEN);
    boolean echoes = settings.hasLocal(ECHO);
    if (settings.is(character, VERASE) || settings.is(character, VKILL)) {
      erase(character);
    } else if (extended && settings.is(character, VWERASE)) {
      erase(character);
    } else if (extended && settings.is(character, VLNEXT)) {
      literal = true;
      if (echoes) {
        finishErasing();
        if (settings.hasLocal(ECHOCTL)) {
          output.echo('^');
          output.echo('\b');
        }
      }
    } else if (extended && echoes && settings.is(character, VREPRINT)) {
      finishErasing();
      echo(character);
      output.echo('\n');
      for (long at = lineEnd; at < head; at++) {
        echo(at(at));
      }
    } else if (character == '\n') {
      if (echoes || settings.hasLocal(ECHONL)) {
        output.echo('\n');
      }
      endLine('\n' | END);
    } else if (settings.is(character, VEOF)) {
      endLine(END | NOTHING);
    } else if (settings.is(character, VEOL) || (extended && settings.is(character, VEOL2))) {
      if (echoes) {
        markLineStart();
        echo(character);
      }
      endLine(character | END);
    } else {
      return false;
    }
    return true;
  }

  private void endLine(int marked) {
    ring[slot(head++)] = (short) marked;
    lineEnd = head;
  }

  private void echoAndKeep(int character) {
    if (settings.hasLocal(ECHO)) {
      finishErasing();
      if (character == '\n') {
        output.echo('\n');
      } else {
        markLineStart();
        echo(character);
      }
    }
    if (character == 0xff && settings.hasInput(PARMRK) && !settings.hasInput(ISTRIP)) {
      ring[slot(head++)] = 0xff;
    }
    ring[slot(head++)] = (short) character;
  }

  private void markLineStart() {
    if (lineEnd == head) {
      output.markLineStart();
    }
  }

  private void echo(int character) {
    if (settings.hasLocal(ECHOCTL) && OutputProcessing.isControl(character) && character != '\t') {
      output.echo('^');
      output.echo(character ^ 0x40);
    } else {
      output.echo(character);
    }
  }

  // ---- erasing

  private void finishErasing() {
    if (erasing) {
      output.echo('/');
      erasing = false;
    }
  }

  private void erase(int character) {
    if (head == lineEnd) {
      return;
    }
    boolean one = settings.is(character, VERASE);
    boolean word = !one && settings.hasLocal(IEXTEN) && settings.is(character, VWERASE);
    if (!one && !word && forgetsLine()) {
      return;
    }
    boolean inWord = false;
    while (head != lineEnd) {
      long from = startOfLastCharacter();
      int erased = at(from);
      if (OutputProcessing.isContinuation(erased, settings)) {
        break;
      }
      if (word) {
        boolean part = erased == '_' || (erased < 0x80 && Character.isLetterOrDigit(erased));
        if (inWord && !part) {
          break;
        }
        inWord |= part;
      }
      long until = head;
      head = from;
      if (settings.hasLocal(ECHO)) {
        showErased(erased, from, until, one);
      }
      if (one) {
        break;
      }
    }
    if (head == lineEnd && settings.hasLocal(ECHO)) {
      finishErasing();
    }
  }

  /** A whole line goes without its characters being taken off the screen, unless all want that. */
  private boolean forgetsLine() {
    if (!settings.hasLocal(ECHO)) {
      head = lineEnd;
      return true;
    }
    if (settings.hasLocal(ECHOK) && settings.hasLocal(ECHOKE) && settings.hasLocal(ECHOE)) {
      return false;
    }
    head = lineEnd;
    finishErasing();
    echo(settings.character(VKILL));
    if (settings.hasLocal(ECHOK)) {
      output.echo('\n');
    }
    return true;
  }

  private long startOfLastCharacter() {
    long from = head;
    do {
      from--;
    } while (OutputProcessing.isContinuation(at(from), settings) && from != lineEnd);
    return from;
  }

  private void showErased(int erased, long from, long until, boolean one) {
    if (settings.hasLocal(ECHOPRT)) {
      if (!erasing) {
        output.echo('\\');
        erasing = true;
      }
      echo(erased);
      for (long rest = from + 1; rest < until; rest++) {
        output.echo(at(rest));
      }
    } else if (one && !settings.hasLocal(ECHOE)) {
      echo(settings.character(VERASE));
    } else if (erased == '\t') {
      eraseTab();
    } else {
      boolean control = OutputProcessing.isControl(erased);
      if (control && settings.hasLocal(ECHOCTL)) {
        rubOut();
      }
      if (!control || settings.hasLocal(ECHOCTL)) {
        rubOut();
      }
    }
  }

  private void rubOut() {
    output.echo('\b');
    output.echo(' ');
    output.echo('\b');
  }

  private void eraseTab() {
    int columns = 0;
    boolean afterTab = false;
    for (long at = head; at != lineEnd && !afterTab; ) {
      int before = at(--at);
      if (before == '\t') {
        afterTab = true;
      } else if (OutputProcessing.isControl(before)) {
        columns += settings.hasLocal(ECHOCTL) ? 2 : 0;
      } else if (!OutputProcessing.isContinuation(before, settings)) {
        columns++;
      }
    }
    output.eraseTab(columns, afterTab);
  }
}
