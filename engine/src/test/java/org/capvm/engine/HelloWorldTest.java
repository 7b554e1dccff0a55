package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The smallest programs, linked in every way a Linux program can be. */
final class HelloWorldTest {

  @Test
  void aStaticProgramGreets() throws Exception {
    greets(GuestProgram.c("hello", "-static"));
  }

  @Test
  void aStaticPositionIndependentProgramGreets() throws Exception {
    greets(GuestProgram.c("hello", "-static-pie", "-fPIE"));
  }

  @Test
  void aDynamicProgramGreets() throws Exception {
    greets(GuestProgram.c("hello", "-pie", "-fPIE"));
  }

  @Test
  void aDynamicProgramAtAFixedAddressGreets() throws Exception {
    greets(GuestProgram.c("hello", "-no-pie"));
  }

  @Test
  void aProgramWithLazyBindingGreets() throws Exception {
    greets(GuestProgram.c("hello", "-Wl,-z,lazy"));
  }

  @Test
  void aDynamicMuslProgramGreets() throws Exception {
    greets(GuestProgram.musl("hello"));
  }

  @Test
  void aStaticMuslProgramGreets() throws Exception {
    greets(GuestProgram.musl("hello", "-static"));
  }

  @Test
  void argumentsAndEnvironmentArrive() throws Exception {
    var outcome =
        Differential.command("./hello", "one", "", "three words here")
            .copy(GuestProgram.c("hello", "-pie", "-fPIE"))
            .environment("GREETED", "мир")
            .agreesWithStatus(7);
    assertThat(outcome.errorText()).isEqualTo("and to the error stream\n");
  }

  @Test
  void aScriptRunsThroughItsInterpreter() throws Exception {
    Differential.command("./script", "argument")
        .prepared(
            directory -> {
              Path script = directory.resolve("script");
              java.nio.file.Files.writeString(
                  script, "#!/usr/bin/awk -f\nBEGIN { print ARGC, ARGV[1]; exit 4 }\n");
              script.toFile().setExecutable(true);
            })
        .agreesWithStatus(4);
  }

  private static void greets(Path program) throws Exception {
    var outcome = Differential.command("./hello").copy(program).agreesWithStatus(0);
    assertThat(outcome.output()).startsWith("hello, world\n");
  }
}
