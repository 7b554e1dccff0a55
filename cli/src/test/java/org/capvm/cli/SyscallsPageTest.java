package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.capvm.libos.SystemCallTable;
import org.junit.jupiter.api.Test;

final class SyscallsPageTest {

  @Test
  void theDocumentationsPageIsWhatTheTableSays() {
    assertThat(Path.of("../docs/syscalls.md"))
        .as("made by ./cvm syscalls --markdown > docs/syscalls.md")
        .hasContent(SyscallsCommand.page(SystemCallTable.rows()));
  }
}
