package org.capvm.libos.file.poll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.errnoOf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.FileTrees;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.monitor.memory.MappingBudget;
import org.junit.jupiter.api.Test;

class EpollTest {
  private static final int ADD = 1;
  private static final int DELETE = 2;
  private static final int MODIFY = 3;

  private final MemoryLimit memory = new MemoryLimit(1 << 20, new MappingBudget());
  private final Epoll epoll = new Epoll(memory);
  private final EventCounter counter = new EventCounter(0, false, OpenFlags.O_NONBLOCK);

  private void add(int flags) {
    epoll.control(ADD, 5, counter, PollEvents.POLLIN | flags, 77);
  }

  private List<Long> ready() {
    List<Long> found = new ArrayList<>();
    epoll.await(null, 10, System.nanoTime(), (events, data) -> found.add(data));
    return found;
  }

  private void count() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocate(8, 8);
      one.set(ValueLayout.JAVA_LONG, 0, 1);
      counter.write(null, IoBuffer.host(one));
    }
  }

  private void drain() {
    try (Arena arena = Arena.ofConfined()) {
      counter.read(null, IoBuffer.host(arena.allocate(8)));
    }
  }

  @Test
  void aLevelIsReportedAsLongAsItLasts() {
    add(0);
    assertThat(ready()).isEmpty();
    count();
    assertThat(ready()).containsExactly(77L);
    assertThat(ready()).containsExactly(77L);
    drain();
    assertThat(ready()).isEmpty();
  }

  @Test
  void anEdgeIsReportedOnceForEachChange() {
    add(EpollItem.EPOLLET);
    count();
    assertThat(ready()).containsExactly(77L);
    assertThat(ready()).isEmpty();
    count();
    assertThat(ready()).containsExactly(77L);
  }

  @Test
  void aOneShotIsReportedOnceUntilItIsArmedAgain() {
    add(EpollItem.EPOLLONESHOT);
    count();
    assertThat(ready()).containsExactly(77L);
    count();
    assertThat(ready()).isEmpty();
    epoll.control(MODIFY, 5, counter, PollEvents.POLLIN, 78);
    assertThat(ready()).containsExactly(78L);
  }

  @Test
  void whatIsReadyWhenItIsAddedIsReported() {
    count();
    add(EpollItem.EPOLLET);
    assertThat(ready()).containsExactly(77L);
  }

  @Test
  void aClosedFileIsWatchedNoMore() {
    add(0);
    count();
    counter.release();
    assertThat(ready()).isEmpty();
  }

  @Test
  void aFileIsAddedOnceChangedIfThereAndRemovedIfThere() {
    add(0);
    assertThat(errnoOf(() -> add(0))).isEqualTo(Errno.EEXIST);
    epoll.control(DELETE, 5, counter, 0, 0);
    assertThat(errnoOf(() -> epoll.control(DELETE, 5, counter, 0, 0))).isEqualTo(Errno.ENOENT);
    assertThat(errnoOf(() -> epoll.control(MODIFY, 5, counter, 0, 0))).isEqualTo(Errno.ENOENT);
  }

  @Test
  void regularFilesCannotBeWatched() {
    var caller = FileTrees.callerIn(FileTrees.tmpfs());
    FileTrees.write(caller, "f", "x");
    var file = FileTrees.open(caller, "f", OpenFlags.O_RDONLY);
    assertThat(errnoOf(() -> epoll.control(ADD, 6, file, 1, 0))).isEqualTo(Errno.EPERM);
    file.release();
  }

  @Test
  void instancesMayNestButNotInACircle() {
    Epoll outer = new Epoll(memory);
    outer.control(ADD, 6, epoll, PollEvents.POLLIN, 1);
    assertThat(errnoOf(() -> epoll.control(ADD, 7, outer, PollEvents.POLLIN, 2)))
        .isEqualTo(Errno.ELOOP);
    add(0);
    count();
    assertThat(outer.readiness()).isEqualTo(PollEvents.READABLE);
  }
}
