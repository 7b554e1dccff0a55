package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts, builds and databases of several processes, as on Linux. */
@Timeout(120)
final class ShellsTest {
  private static final String SCRIPT =
      """
      name=world
      cat <<EOF | tr a-z A-Z | sed 's/^/> /'
      hello $name $(echo nested | rev)
      EOF
      cat <<'EOF'
      $name stays
      EOF
      trap 'echo on exit; trap - EXIT; exit 3' EXIT
      trap 'echo got USR1' USR1
      kill -USR1 $$
      (trap 'echo child got TERM; exit 9' TERM; kill -TERM $(exec sh -c 'echo $PPID'); sleep 5) &
      wait $!; echo "child: $?"
      sleep 30 & until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done; kill $!; wait $! 2>/dev/null; echo "killed: $?"
      false | true; echo "pipeline: $?"
      seq 20000 | head -n 3
      yes | head -c 300000 | wc -c
      set -m
      sleep 0.2 & one=$!
      cat /dev/null & two=$!
      wait $one; echo "job one: $?"
      wait $two; echo "job two: $?"
      { echo to three >&3; } 3>&1 | cat
      i=0; while read -r line; do i=$((i + 1)); done <<EOF
      a
      b
      EOF
      echo "read $i"; nosuchcommand 2>/dev/null; echo "missing: $?"
      """;

  @ParameterizedTest
  @ValueSource(strings = {"dash", "bash"})
  void shellsPipeTrapAndControlJobsAsOnLinux(String shell) throws Exception {
    Differential.command(shell, "./script")
        .file("script", SCRIPT)
        .ignoringErrorText()
        .agreesWithStatus(3);
  }

  @Test
  void makeBuildsAProjectWithTwoJobs() throws Exception {
    Differential.command("sh", "-c", "make -s -j2 && ./program && make -s -j2 -q && rm -f *.o")
        .file("one.c", "int one(void) { return 1; }\n")
        .file("two.c", "int two(void) { return 2; }\n")
        .file(
            "main.c",
            "#include <stdio.h>\nint one(void), two(void);\n"
                + "int main(void) { printf(\"%d\\n\", one() + two()); return 0; }\n")
        .file("Makefile", "program: main.o one.o two.o\n\tgcc -o $@ $^\n")
        .agreesWithStatus(0);
  }

  @Test
  void twoProcessesWriteOneSqliteDatabase() throws Exception {
    String script =
        """
        sqlite3 db 'create table t(writer, n)'
        for writer in 1 2; do
          (for n in 1 2 3 4 5 6 7 8; do
            sqlite3 -cmd '.timeout 50000' db "insert into t values($writer, $n)" || exit
          done) &
        done
        wait
        sqlite3 db 'select writer, count(*), sum(n) from t group by writer; pragma integrity_check'
        """;
    assertThat(
            Differential.command("sh", "-c", script).ignoringFiles().agreesWithStatus(0).output())
        .isEqualTo("1|8|36\n2|8|36\nok\n");
  }
}
