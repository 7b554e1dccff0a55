package org.capvm.engine;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Interpreters and compiled languages: whole runtimes at once. */
final class LanguagesTest {
  private static final String PYTHON = "/usr/bin/python3";

  @Test
  void pythonsStandardLibraryGivesTheSameResults() throws Exception {
    Differential.command(PYTHON, "stdlib.py", "argument", "ß")
        .copy(source("python/stdlib.py"))
        .input("from standard input")
        .agreesWithStatus(5);
  }

  @Test
  void aPythonProgramWithClassesGeneratorsAndExceptionsRuns() throws Exception {
    Differential.command(PYTHON, "inventory.py")
        .copy(source("python/inventory.py"))
        .agreesWithStatus(1);
  }

  @Test
  void pythonReadsAProgramFromStandardInput() throws Exception {
    Differential.command(PYTHON, "-")
        .input("import sys\nprint(sorted(sys.modules)[:5])\nsys.exit('a message')\n")
        .agreesWithStatus(1);
  }

  @Test
  void pythonWritesTheSameBytecode() throws Exception {
    Differential.command(
            PYTHON,
            "-c",
            "import py_compile; print(py_compile.compile('inventory.py', 'out.pyc',"
                + " invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH))")
        .copy(source("python/inventory.py"))
        .agreesWithStatus(0);
  }

  @Test
  void perlRuns() throws Exception {
    Differential.command("perl", "text.pl").copy(source("scripts/text.pl")).agreesWithStatus(9);
  }

  @Test
  void luaRuns() throws Exception {
    Differential.command("lua5.4", "objects.lua")
        .copy(source("scripts/objects.lua"))
        .agreesWithStatus(1);
  }

  @Test
  void exceptionsVirtualCallsAndStreamsWorkInCxx() throws Exception {
    Differential.command("./exceptions")
        .copy(GuestProgram.cxx("exceptions", "-O2"))
        .agreesWithStatus(3);
  }

  @Test
  void exceptionsWorkInAStaticCxxProgram() throws Exception {
    Differential.command("./exceptions")
        .copy(GuestProgram.cxx("exceptions", "-O2", "-static"))
        .agreesWithStatus(3);
  }

  @Test
  void fortranRuns() throws Exception {
    Differential.command("./matrix")
        .copy(GuestProgram.fortran("matrix", "-O2"))
        .agreesWithStatus(0);
  }

  @Test
  void theCompilerProperTranslatesC() throws Exception {
    Differential.command(
            "/usr/lib/gcc/x86_64-linux-gnu/12/cc1",
            "-quiet",
            "-O2",
            "-imultiarch",
            "x86_64-linux-gnu",
            "misbehave.c",
            "-o",
            "misbehave.s")
        .copy(source("c/misbehave.c"))
        .within(Duration.ofSeconds(120))
        .agreesWithStatus(0);
  }

  private static Path source(String name) {
    return TestPaths.GUEST_SOURCES.resolve(name);
  }
}
