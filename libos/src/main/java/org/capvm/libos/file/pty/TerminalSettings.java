package org.capvm.libos.file.pty;

import static org.capvm.libos.abi.Termios.B38400;
import static org.capvm.libos.abi.Termios.CBAUD;
import static org.capvm.libos.abi.Termios.CBAUDEX;
import static org.capvm.libos.abi.Termios.CREAD;
import static org.capvm.libos.abi.Termios.CS8;
import static org.capvm.libos.abi.Termios.CSIZE;
import static org.capvm.libos.abi.Termios.ECHO;
import static org.capvm.libos.abi.Termios.ECHOCTL;
import static org.capvm.libos.abi.Termios.ECHOE;
import static org.capvm.libos.abi.Termios.ECHOK;
import static org.capvm.libos.abi.Termios.ECHOKE;
import static org.capvm.libos.abi.Termios.ICANON;
import static org.capvm.libos.abi.Termios.ICRNL;
import static org.capvm.libos.abi.Termios.IEXTEN;
import static org.capvm.libos.abi.Termios.ISIG;
import static org.capvm.libos.abi.Termios.IXON;
import static org.capvm.libos.abi.Termios.NCCS;
import static org.capvm.libos.abi.Termios.ONLCR;
import static org.capvm.libos.abi.Termios.OPOST;
import static org.capvm.libos.abi.Termios.PARENB;
import static org.capvm.libos.abi.Termios.VSTART;
import static org.capvm.libos.abi.Termios.VSTOP;

import org.capvm.monitor.memory.GuestMemory;

/**
 * What {@code struct termios} says. Immutable.
 *
 * @param input {@code c_iflag}
 * @param output {@code c_oflag}
 * @param control {@code c_cflag}
 * @param local {@code c_lflag}
 * @param line the discipline's number
 * @param characters {@code c_cc}, one byte per character
 * @param inputSpeed in bits per second
 * @param outputSpeed in bits per second
 */
record TerminalSettings(
    int input,
    int output,
    int control,
    int local,
    int line,
    String characters,
    int inputSpeed,
    int outputSpeed) {

  /** What a new pseudo-terminal has. */
  static final TerminalSettings INITIAL =
      new TerminalSettings(
          ICRNL | IXON,
          OPOST | ONLCR,
          B38400 | CS8 | CREAD,
          ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
          0,
          "\3\34\177\25\4\0\1\0\21\23\32\0\22\17\27\26\0\0\0",
          38400,
          38400);

  private static final int CHARACTERS_AT = 17;
  private static final int SPEEDS_AT = 36;

  /** What the speeds in {@code c_cflag} mean; those from 16 on have CBAUDEX. */
  private static final int[] SPEEDS = {
    0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 0, 57600,
    115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000,
    3000000, 3500000, 4000000
  };

  /**
   * What a guest wants; a pseudo-terminal has bytes of eight bits without parity, whatever it says.
   *
   * @param withSpeeds whether it is a {@code struct termios2}
   */
  static TerminalSettings read(GuestMemory memory, long address, boolean withSpeeds) {
    byte[] characters = new byte[NCCS];
    memory.read(address + CHARACTERS_AT, characters, 0, NCCS);
    int control = (memory.getInt(address + 8) & ~(CSIZE | PARENB)) | CS8 | CREAD;
    int named = speed(control);
    return new TerminalSettings(
        memory.getInt(address),
        memory.getInt(address + 4),
        control,
        memory.getInt(address + 12),
        memory.getByte(address + 16),
        new String(characters, java.nio.charset.StandardCharsets.ISO_8859_1),
        withSpeeds ? memory.getInt(address + SPEEDS_AT) : named,
        withSpeeds ? memory.getInt(address + SPEEDS_AT + 4) : named);
  }

  private static int speed(int control) {
    int index = (control & CBAUD & ~CBAUDEX) + ((control & CBAUDEX) != 0 ? 16 : 0);
    return SPEEDS[index];
  }

  /** Stores the structure. */
  void write(GuestMemory memory, long address, boolean withSpeeds) {
    memory.putInt(address, input);
    memory.putInt(address + 4, output);
    memory.putInt(address + 8, control);
    memory.putInt(address + 12, local);
    memory.putByte(address + 16, (byte) line);
    byte[] bytes = characters.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    memory.write(address + CHARACTERS_AT, bytes, 0, NCCS);
    if (withSpeeds) {
      memory.putInt(address + SPEEDS_AT, inputSpeed);
      memory.putInt(address + SPEEDS_AT + 4, outputSpeed);
    }
  }

  /** Whether Ctrl-S and Ctrl-Q stop and start output. */
  boolean hasUsualFlowControl() {
    return hasInput(IXON)
        && character(VSTOP) == INITIAL.character(VSTOP)
        && character(VSTART) == INITIAL.character(VSTART);
  }

  boolean hasInput(int flag) {
    return (input & flag) != 0;
  }

  boolean hasOutput(int flag) {
    return (output & flag) != 0;
  }

  boolean hasLocal(int flag) {
    return (local & flag) != 0;
  }

  /** One of the control characters, by its {@code V} name: 0 to 255. */
  int character(int name) {
    return characters.charAt(name);
  }

  /** Whether a character is a control character that is not switched off. */
  boolean is(int character, int name) {
    return character != 0 && character == character(name);
  }
}
