package org.capvm.libos;

import java.util.List;

/**
 * One row of the system-call table.
 *
 * @param number the x86-64 number
 * @param name Linux's name; the man page is {@code name(2)}
 * @param handler what the call does; for a missing call, the one that returns ENOSYS
 * @param level how much of it is there
 * @param note what is missing, or why a refusal or a no-op is right; empty if there is nothing to
 *     say
 * @param arguments the arguments as the trace prints them
 */
public record SystemCall(
    int number,
    String name,
    SystemCallHandler handler,
    SupportLevel level,
    String note,
    List<ArgumentKind> arguments) {

  /** A call that is complete. */
  public static SystemCall done(
      int number, String name, SystemCallHandler handler, ArgumentKind... arguments) {
    return new SystemCall(number, name, handler, SupportLevel.DONE, "", List.of(arguments));
  }

  /** A call of which something is missing; the note says what. */
  public static SystemCall partial(
      int number, String name, SystemCallHandler handler, String note, ArgumentKind... arguments) {
    return new SystemCall(number, name, handler, SupportLevel.PARTIAL, note, List.of(arguments));
  }

  /** A call that always fails, with an error a program must expect of Linux. */
  public static SystemCall refused(
      int number, String name, int errno, String note, ArgumentKind... arguments) {
    return new SystemCall(
        number,
        name,
        (task, a0, a1, a2, a3, a4, a5) -> -errno,
        SupportLevel.REFUSED,
        note,
        List.of(arguments));
  }

  /** This row with a note, for a complete call that needs one. */
  public SystemCall noting(String text) {
    return new SystemCall(number, name, handler, level, text, arguments);
  }

  /** Where the call is documented. */
  public String manPage() {
    return "https://man7.org/linux/man-pages/man2/" + name + ".2.html";
  }
}
