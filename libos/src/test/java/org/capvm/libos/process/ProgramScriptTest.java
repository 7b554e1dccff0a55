package org.capvm.libos.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.junit.jupiter.api.Test;

class ProgramScriptTest {
  private static ProgramScript parse(String head) {
    byte[] bytes = head.getBytes();
    return ProgramScript.parse(bytes, Math.min(bytes.length, ProgramScript.HEAD_BYTES));
  }

  @Test
  void theFirstWordIsTheInterpreterAndTheRestIsOneArgument() {
    assertThat(parse("#!/bin/sh\necho")).isEqualTo(new ProgramScript("/bin/sh", null));
    assertThat(parse("#! /usr/bin/env\tpython3 -I  \n"))
        .isEqualTo(new ProgramScript("/usr/bin/env", "python3 -I"));
    assertThat(parse("#!/bin/sh")).isEqualTo(new ProgramScript("/bin/sh", null));
  }

  @Test
  void aFileThatDoesNotStartWithTheMarkIsNoScript() {
    assertThat(parse("echo hi\n")).isNull();
    assertThat(parse("#")).isNull();
    assertThat(parse("")).isNull();
  }

  @Test
  void aMarkWithoutAnInterpreterCannotBeExecuted() {
    assertThatThrownBy(() -> parse("#!   \n")).isEqualTo(ErrnoException.of(Errno.ENOEXEC));
  }

  @Test
  void anInterpreterThatIsCutOffIsNotGuessedAt() {
    assertThatThrownBy(() -> parse("#!/" + "a".repeat(300) + "\n"))
        .isEqualTo(ErrnoException.of(Errno.ENOEXEC));
    assertThat(parse("#!/bin/sh " + "a".repeat(300) + "\n").argument()).startsWith("aaa");
  }
}
