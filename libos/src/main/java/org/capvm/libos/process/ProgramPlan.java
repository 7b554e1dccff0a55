package org.capvm.libos.process;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * What an exec will load: found, opened and checked, before anything of the old program is given
 * up. Scripts have been followed to their interpreters. Close it.
 */
public final class ProgramPlan implements AutoCloseable {
  /** How many scripts may interpret scripts: Linux's limit. */
  private static final int MAX_SCRIPTS = 5;

  private final ProgramFile file;
  private final ElfImage image;
  private final ProgramFile loaderFile;
  private final ElfImage loaderImage;
  private final String path;
  private final InitialStack stack;
  private final List<byte[]> arguments;
  private final List<byte[]> environment;

  private ProgramPlan(
      ProgramFile file,
      ElfImage image,
      ProgramFile loaderFile,
      ElfImage loaderImage,
      String path,
      String executed,
      List<byte[]> arguments,
      List<byte[]> environment) {
    this.file = file;
    this.image = image;
    this.loaderFile = loaderFile;
    this.loaderImage = loaderImage;
    this.path = path;
    this.arguments = arguments;
    this.environment = environment;
    this.stack = new InitialStack(bytes(executed), arguments, environment);
  }

  /**
   * Finds out what executing a path means.
   *
   * @param opener opens program files as the caller may
   * @param path one byte per character
   * @param stackLimitBytes the soft limit in force, which bounds the strings
   * @throws ErrnoException as execve: ENOENT, EACCES, ENOEXEC, ELIBBAD, E2BIG, ELOOP ...
   */
  public static ProgramPlan make(
      ProgramFile.Opener opener,
      String path,
      List<byte[]> arguments,
      List<byte[]> environment,
      long stackLimitBytes) {
    List<byte[]> words = new ArrayList<>(arguments);
    if (words.isEmpty()) {
      words.add(new byte[0]);
    }
    String current = path;
    for (int depth = 0; ; depth++) {
      ProgramFile file = opener.open(current);
      boolean kept = false;
      try {
        ProgramScript script = scriptOf(file);
        if (script == null) {
          ProgramPlan plan =
              forElf(opener, file, current, path, List.copyOf(words), List.copyOf(environment));
          kept = true;
          plan.stack.requireFits(stackLimitBytes);
          return plan;
        }
        if (depth == MAX_SCRIPTS) {
          throw ErrnoException.of(Errno.ELOOP);
        }
        words.set(0, bytes(current));
        if (script.argument() != null) {
          words.add(0, bytes(script.argument()));
        }
        words.add(0, bytes(script.interpreter()));
        current = script.interpreter();
      } finally {
        if (!kept) {
          file.close();
        }
      }
    }
  }

  private static ProgramScript scriptOf(ProgramFile file) {
    byte[] head = new byte[ProgramScript.HEAD_BYTES];
    return ProgramScript.parse(head, file.read(0, head, head.length));
  }

  private static ProgramPlan forElf(
      ProgramFile.Opener opener,
      ProgramFile file,
      String path,
      String executed,
      List<byte[]> arguments,
      List<byte[]> environment) {
    ElfImage image = ElfImage.read(file, Errno.ENOEXEC);
    ProgramFile loaderFile = null;
    ElfImage loaderImage = null;
    if (image.interpreter() != null) {
      loaderFile = opener.open(image.interpreter());
      try {
        loaderImage = ElfImage.read(loaderFile, Errno.ELIBBAD);
      } catch (RuntimeException e) {
        loaderFile.close();
        throw e;
      }
    }
    return new ProgramPlan(
        file, image, loaderFile, loaderImage, path, executed, arguments, environment);
  }

  ProgramFile file() {
    return file;
  }

  ElfImage image() {
    return image;
  }

  /** The dynamic loader's file, or null for a static program. */
  ProgramFile loaderFile() {
    return loaderFile;
  }

  ElfImage loaderImage() {
    return loaderImage;
  }

  InitialStack stack() {
    return stack;
  }

  /** What the process executes, once it is known where things are. */
  Program program(Program.Layout layout) {
    return new Program(path, file.mappedFile().path(), arguments, environment, layout);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() {
    file.close();
    if (loaderFile != null) {
      loaderFile.close();
    }
  }
}
