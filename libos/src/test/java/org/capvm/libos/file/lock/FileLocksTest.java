package org.capvm.libos.file.lock;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.errnoOf;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.AnonymousInodes;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.lock.FileLocks.Lock;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.monitor.memory.MappingBudget;
import org.junit.jupiter.api.Test;

class FileLocksTest {
  private final FileStatus file = AnonymousInodes.status(FileMode.S_IFREG);
  private final MemoryLimit memory = new MemoryLimit(1 << 20, new MappingBudget());
  private final Object mine = new Object();
  private final Object others = new Object();

  private static Lock exclusive(Object owner, long start, long end) {
    return new Lock(owner, 1, start, end, true);
  }

  private int tryLock(Lock lock) {
    return errnoOf(() -> FileLocks.lock(null, file, lock, false, false, memory));
  }

  @Test
  void exclusiveLocksOfDifferentOwnersDoNotOverlap() {
    assertThat(tryLock(exclusive(mine, 0, 9))).isZero();
    assertThat(tryLock(exclusive(others, 5, 15))).isEqualTo(Errno.EAGAIN);
    assertThat(tryLock(exclusive(others, 10, 15))).isZero();
    assertThat(FileLocks.obstacle(file, exclusive(others, 0, 0)).start()).isZero();
  }

  @Test
  void sharedLocksOverlap() {
    assertThat(tryLock(new Lock(mine, 1, 0, 9, false))).isZero();
    assertThat(tryLock(new Lock(others, 2, 0, 9, false))).isZero();
    assertThat(tryLock(exclusive(mine, 0, 9))).isEqualTo(Errno.EAGAIN);
  }

  @Test
  void unlockingTheMiddleLeavesBothEnds() {
    tryLock(exclusive(mine, 0, 99));
    FileLocks.unlock(file, exclusive(mine, 40, 59), false);
    assertThat(tryLock(exclusive(others, 40, 59))).isZero();
    assertThat(tryLock(exclusive(others, 39, 39))).isEqualTo(Errno.EAGAIN);
    assertThat(tryLock(exclusive(others, 60, 60))).isEqualTo(Errno.EAGAIN);
  }

  @Test
  void anOwnerThatGoesAwayLeavesNothingBehind() {
    tryLock(exclusive(mine, 0, FileLocks.TO_THE_END));
    FileLocks.releaseOwner(mine);
    assertThat(tryLock(exclusive(others, 0, FileLocks.TO_THE_END))).isZero();
  }

  @Test
  void moreLocksThanTheMemoryHoldsAreRefusedAndGivenBack() {
    int refusal = 0;
    for (int i = 0; i < 1 << 20 && refusal == 0; i++) {
      refusal = tryLock(exclusive(mine, 2L * i, 2L * i));
    }
    assertThat(refusal).isEqualTo(Errno.ENOLCK);
    assertThat(memory.usedBytes()).isEqualTo(1 << 20);
    FileLocks.releaseOwner(mine);
    assertThat(memory.usedBytes()).isZero();
  }

  @Test
  void flockAndRecordLocksDoNotConflict() {
    tryLock(exclusive(mine, 0, FileLocks.TO_THE_END));
    Lock whole = exclusive(others, 0, FileLocks.TO_THE_END);
    assertThat(errnoOf(() -> FileLocks.lock(null, file, whole, true, false, memory))).isZero();
  }
}
