package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pseudo-terminals, and the programs that live on them, run on Linux and in a cVM. */
@Timeout(120)
final class TerminalsTest {
  /** Types at a shell; says what the screen showed, without what no two runs have in common. */
  private static final String TYPIST =
      """
      import os, pty, re, signal, time

      shell, screen = pty.fork()
      if shell == 0:
          # Whoever starts the tests in the background has it ignored, and so would all below.
          signal.signal(signal.SIGINT, signal.SIG_DFL)
          os.environ.update(PS1="$ ", TERM="dumb", HISTFILE="/dev/null")
          os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
      shown = b""
      answered = 0

      def until(text):
          global shown, answered
          while not shown.endswith(text) or len(shown) == answered:
              shown += os.read(screen, 4096)
          answered = len(shown)

      def line(text):
          until(b"$ ")
          os.write(screen, text + b"\\n")

      def in_foreground(name):
          while open(f"/proc/{os.tcgetpgrp(screen)}/comm").read() != name + "\\n":
              time.sleep(0.01)

      line(b"stty rows 31 columns 97; stty size; tty | cut -d/ -f1-3")
      line(b"stty -a | head -n 1")
      line(b"sleep 100")
      in_foreground("sleep")
      until(b"sleep 100\\r\\n")
      os.write(screen, b"\\x1a")
      line(b"jobs; bg; jobs")
      line(b"fg")
      in_foreground("sleep")
      until(b"sleep 100\\r\\n")
      os.write(screen, b"\\x03")
      line(b"echo $?")
      line(b"cat")
      in_foreground("cat")
      os.write(screen, b"typ3\\x7fed\\n\\x04")
      line(b"cat & wait $!")
      line(b"fg; jobs")
      in_foreground("cat")
      os.write(screen, b"\\x04")
      line(b"read -n 1 -p 'a key? '; echo; echo got-$REPLY")
      until(b"a key? ")
      os.write(screen, b"k")
      line(b"ps -o tty= -p $$ | cut -c 1-4; exit 7")
      try:
          while True:
              shown += os.read(screen, 4096)
      except OSError:
          pass
      print(re.sub(rb"\\[1\\] [0-9]+", b"[1] ID", shown).decode())
      print(os.waitstatus_to_exitcode(os.waitpid(shell, 0)[1]))
      """;

  @Test
  void bothEndsOfAPseudoterminalAnswerAsOnLinux() throws Exception {
    Differential.command("./pseudoterminals")
        .copy(GuestProgram.c("pseudoterminals", "-O1"))
        .agreesWithStatus(0);
  }

  @Test
  void aShellControlsJobsAtItsTerminal() throws Exception {
    String output =
        Differential.command("/usr/bin/python3", "-c", TYPIST).agreesWithStatus(0).output();
    assertThat(output).contains("31 97", "Stopped", "typed", "got-k", "\n7\n");
  }

  @Test
  void scriptRecordsWhatACommandShows() throws Exception {
    String output =
        Differential.command(
                "script", "-q", "-e", "-c", "tty | cut -c 1-9; echo ok >/dev/tty", "log")
            .ignoringFiles()
            .agreesWithStatus(0)
            .output();
    assertThat(output).isEqualTo("/dev/pts/\r\nok\r\n");
  }
}
