package org.capvm.libos.abi;

/** Settings of terminals, by Linux's names: termios(3). */
public final class Termios {
  public static final int ISTRIP = 040;
  public static final int PARMRK = 010;
  public static final int INLCR = 0100;
  public static final int IGNCR = 0200;
  public static final int ICRNL = 0400;
  public static final int IUCLC = 01000;
  public static final int IXON = 02000;
  public static final int IXANY = 04000;
  public static final int IUTF8 = 040000;
  public static final int OPOST = 01;
  public static final int OLCUC = 02;
  public static final int ONLCR = 04;
  public static final int OCRNL = 010;
  public static final int ONOCR = 020;
  public static final int ONLRET = 040;
  public static final int TABDLY = 014000;
  public static final int XTABS = 014000;
  public static final int CSIZE = 060;
  public static final int CS8 = 060;
  public static final int CREAD = 0200;
  public static final int PARENB = 0400;
  public static final int CBAUD = 010017;
  public static final int CBAUDEX = 010000;
  public static final int B38400 = 017;
  public static final int ISIG = 01;
  public static final int ICANON = 02;
  public static final int ECHO = 010;
  public static final int ECHOE = 020;
  public static final int ECHOK = 040;
  public static final int ECHONL = 0100;
  public static final int NOFLSH = 0200;
  public static final int TOSTOP = 0400;
  public static final int ECHOCTL = 01000;
  public static final int ECHOPRT = 02000;
  public static final int ECHOKE = 04000;
  public static final int IEXTEN = 0100000;
  public static final int EXTPROC = 0200000;
  public static final int VINTR = 0;
  public static final int VQUIT = 1;
  public static final int VERASE = 2;
  public static final int VKILL = 3;
  public static final int VEOF = 4;
  public static final int VTIME = 5;
  public static final int VMIN = 6;
  public static final int VSTART = 8;
  public static final int VSTOP = 9;
  public static final int VSUSP = 10;
  public static final int VEOL = 11;
  public static final int VREPRINT = 12;
  public static final int VWERASE = 14;
  public static final int VLNEXT = 15;
  public static final int VEOL2 = 16;

  /** Control characters in the kernel's structure. */
  public static final int NCCS = 19;

  private Termios() {}
}
