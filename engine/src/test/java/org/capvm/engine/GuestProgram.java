package org.capvm.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Builds the guests' sources with the host's compilers, once per JVM. */
final class GuestProgram {
  private GuestProgram() {}

  /** Builds {@code c/NAME.c} with gcc. */
  static Path c(String name, String... flags) throws IOException, InterruptedException {
    return build("gcc", "c/" + name + ".c", name, flags);
  }

  /** Builds {@code c/NAME.c} against musl. */
  static Path musl(String name, String... flags) throws IOException, InterruptedException {
    return build("musl-gcc", "c/" + name + ".c", name, flags);
  }

  /** Builds {@code cxx/NAME.cc}. */
  static Path cxx(String name, String... flags) throws IOException, InterruptedException {
    return build("g++", "cxx/" + name + ".cc", name, flags);
  }

  /** Builds {@code fortran/NAME.f90}. */
  static Path fortran(String name, String... flags) throws IOException, InterruptedException {
    return build("gfortran", "fortran/" + name + ".f90", name, flags);
  }

  /** Builds {@code isolation/NAME.S} into a static program without any library. */
  static Path assembly(String name) throws IOException, InterruptedException {
    return build(
        "gcc", "isolation/" + name + ".S", name, "-nostdlib", "-static", "-Wl,--build-id=none");
  }

  private static synchronized Path build(
      String compiler, String source, String name, String... flags)
      throws IOException, InterruptedException {
    String variant = (compiler + String.join("", flags)).replaceAll("[^A-Za-z0-9]+", "-");
    Path program = TestPaths.GUEST_PROGRAMS.resolve(variant).resolve(name);
    Path sourceFile = TestPaths.GUEST_SOURCES.resolve(source);
    if (Files.exists(program)
        && Files.getLastModifiedTime(program).compareTo(Files.getLastModifiedTime(sourceFile))
            > 0) {
      return program;
    }
    Files.createDirectories(program.getParent());
    List<String> command = new ArrayList<>(List.of(compiler, "-w"));
    command.add("-I" + TestPaths.GUEST_SOURCES.resolve("isolation"));
    command.addAll(List.of(flags));
    command.addAll(List.of("-o", program.toString(), sourceFile.toString()));
    if (!List.of(flags).contains("-nostdlib")) {
      command.add("-lm");
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String messages = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(command + " failed: " + messages);
    }
    return program;
  }
}
