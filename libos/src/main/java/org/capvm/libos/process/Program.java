package org.capvm.libos.process;

import java.util.List;

/**
 * What a process executes.
 *
 * @param path the file, as it was found; one byte per character
 * @param filePath the file that is executed, an interpreter for a script; absolute, links resolved
 * @param arguments the argument strings, without NULs
 * @param environment the environment strings, without NULs
 * @param layout where things are in memory, for {@code /proc/PID/stat}
 */
public record Program(
    String path, String filePath, List<byte[]> arguments, List<byte[]> environment, Layout layout) {

  /** Guest addresses of a program's parts. */
  public record Layout(
      long codeStart,
      long codeEnd,
      long dataStart,
      long dataEnd,
      long stackPointer,
      long entry,
      Strings strings) {
    /** Of a process that executes nothing yet. */
    public static final Layout NONE = new Layout(0, 0, 0, 0, 0, 0, new Strings(0, 0, 0));
  }

  /**
   * Where the argument strings and, right behind them, the environment strings were put. A program
   * may write there what it wants to be shown as.
   *
   * @param start of the arguments
   * @param middle the end of the arguments, the start of the environment
   * @param end of the environment
   */
  public record Strings(long start, long middle, long end) {}

  /** The name that tools show: the path's last component, 15 bytes at most. */
  public String commandName() {
    String name = path.substring(path.lastIndexOf('/') + 1);
    return name.length() > 15 ? name.substring(0, 15) : name;
  }
}
