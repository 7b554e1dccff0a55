package org.capvm.libos.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class ProcessTableTest {
  @Test
  @Timeout(60)
  void whoLooksAtTheLoadDoesNotWaitForTasksThatBeginAndEnd() {
    ProcessTable table = new ProcessTable(1);
    synchronized (table) {
      assertThat(CompletableFuture.supplyAsync(table::load).join()).isZero();
    }
  }
}
