package org.capvm.libos.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.errnoOf;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.poll.EventCounter;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.monitor.memory.MappingBudget;
import org.junit.jupiter.api.Test;

class FileDescriptorTableTest {
  private static final long LIMIT = 8;

  private final MemoryLimit memory = new MemoryLimit(1 << 20, new MappingBudget());
  private final FileDescriptorTable table = new FileDescriptorTable(memory);

  private static FileDescription file() {
    return new EventCounter(0, false, 0);
  }

  private int install() {
    return table.install(file(), false, 0, LIMIT);
  }

  @Test
  void aNewDescriptorIsTheLowestFreeOne() {
    assertThat(install()).isZero();
    assertThat(install()).isEqualTo(1);
    assertThat(install()).isEqualTo(2);
    assertThat(table.close(1)).isTrue();
    assertThat(table.close(0)).isTrue();
    assertThat(install()).isZero();
    assertThat(install()).isEqualTo(1);
    assertThat(install()).isEqualTo(3);
  }

  @Test
  void aMinimumIsRespectedAndLeavesLowerOnesFree() {
    assertThat(table.install(file(), false, 5, LIMIT)).isEqualTo(5);
    assertThat(install()).isZero();
    assertThat(table.install(file(), false, 5, LIMIT)).isEqualTo(6);
  }

  @Test
  void beyondTheLimitThereIsNoDescriptorAndTheFileIsReleased() {
    for (int i = 0; i < LIMIT; i++) {
      install();
    }
    FileDescription refused = file();
    assertThat(errnoOf(() -> table.install(refused, false, 0, LIMIT))).isEqualTo(Errno.EMFILE);
    assertThat(refused.stillOpen()).isFalse();
  }

  @Test
  void execClosesWhatIsMarkedAndNothingElse() {
    table.install(file(), true, 0, LIMIT);
    install();
    table.closeOnExec();
    assertThat(table.descriptors()).containsExactly(1);
  }

  @Test
  void aFileInUseOutlivesItsDescriptor() {
    int descriptor = install();
    FileDescription inUse = table.get(descriptor);
    table.close(descriptor);
    assertThat(inUse.stillOpen()).isTrue();
    inUse.release();
    assertThat(inUse.stillOpen()).isFalse();
    assertThat(errnoOf(() -> table.get(descriptor))).isEqualTo(Errno.EBADF);
  }

  @Test
  void aCopySharesOpenFilesAndClosesItsOwnDescriptorsAlone() {
    int descriptor = install();
    FileDescription file = table.get(descriptor);
    file.release();
    FileDescriptorTable copy = table.copy();
    table.leave();
    assertThat(file.stillOpen()).isTrue();
    copy.leave();
    assertThat(file.stillOpen()).isFalse();
  }

  @Test
  void aTableIsChargedAndRefusedMoreThanThereMayBe() {
    assertThat(errnoOf(() -> table.replace(1 << 19, file(), false))).isEqualTo(Errno.ENOMEM);
    table.replace(1000, file(), false);
    assertThat(memory.usedBytes()).isGreaterThan(8000);
    FileDescriptorTable copy = table.copy();
    table.leave();
    copy.leave();
    assertThat(memory.usedBytes()).isZero();
  }
}
