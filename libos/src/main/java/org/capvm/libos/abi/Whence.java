package org.capvm.libos.abi;

/** Where {@code lseek(2)} counts from, and what it looks for ({@code linux/fs.h}). */
public final class Whence {
  /** The start of the file. */
  public static final int SEEK_SET = 0;

  /** The descriptor's position. */
  public static final int SEEK_CUR = 1;

  /** The end of the file. */
  public static final int SEEK_END = 2;

  /** The next byte that the file has memory or blocks for. */
  public static final int SEEK_DATA = 3;

  /** The next byte that it has none for, and the last of the constants. */
  public static final int SEEK_HOLE = 4;

  private Whence() {}
}
