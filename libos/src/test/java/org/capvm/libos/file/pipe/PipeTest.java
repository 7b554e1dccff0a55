package org.capvm.libos.file.pipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.file.FileTrees.errnoOf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.IoBuffer;
import org.capvm.libos.file.PollEvents;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.monitor.memory.MappingBudget;
import org.junit.jupiter.api.Test;

class PipeTest {
  private static final long LIMIT_BYTES = 1 << 20;

  private final MemoryLimit memory = new MemoryLimit(LIMIT_BYTES, new MappingBudget());
  private final PipeEnd[] ends = PipeEnd.pair(OpenFlags.O_NONBLOCK, memory);
  private final PipeEnd reader = ends[0];
  private final PipeEnd writer = ends[1];

  private static IoBuffer bytes(Arena arena, int first, int count) {
    MemorySegment memory = arena.allocate(Math.max(1, count));
    for (int i = 0; i < count; i++) {
      memory.set(ValueLayout.JAVA_BYTE, i, (byte) (first + i));
    }
    return IoBuffer.host(memory.asSlice(0, count));
  }

  private static long write(PipeEnd end, int count) {
    try (Arena arena = Arena.ofConfined()) {
      return end.write(null, bytes(arena, 0, count));
    }
  }

  private static long read(PipeEnd end, int count) {
    try (Arena arena = Arena.ofConfined()) {
      return end.read(null, IoBuffer.host(arena.allocate(count)));
    }
  }

  @Test
  void aReadTakesWhatIsThere() {
    write(writer, 10);
    assertThat(read(reader, 100)).isEqualTo(10);
    assertThat(errnoOf(() -> read(reader, 100))).isEqualTo(Errno.EAGAIN);
  }

  @Test
  void withoutWritersAReadReturnsWhatIsLeftAndThenTheEnd() {
    write(writer, 3);
    writer.release();
    assertThat(reader.readiness()).isEqualTo(PollEvents.READABLE | PollEvents.POLLHUP);
    assertThat(read(reader, 100)).isEqualTo(3);
    assertThat(read(reader, 100)).isZero();
  }

  @Test
  void withoutReadersAWriteIsABrokenPipe() {
    reader.release();
    assertThat(errnoOf(() -> write(writer, 1))).isEqualTo(Errno.EPIPE);
    assertThat(writer.readiness() & PollEvents.POLLERR).isNotZero();
  }

  @Test
  void upToPipeBufAWriteIsWholeOrNotAtAll() {
    assertThat(write(writer, Pipe.DEFAULT_CAPACITY - 100)).isEqualTo(Pipe.DEFAULT_CAPACITY - 100);
    assertThat(errnoOf(() -> write(writer, 101))).isEqualTo(Errno.EAGAIN);
    assertThat(write(writer, 100)).isEqualTo(100);
  }

  @Test
  void aboveThatAWriteMayBeShort() {
    write(writer, Pipe.DEFAULT_CAPACITY - 100);
    assertThat(write(writer, Pipe.PIPE_BUF + 1)).isEqualTo(100);
    assertThat(writer.readiness() & PollEvents.WRITABLE).isZero();
  }

  @Test
  void theCapacityIsRoundedUpAndNeverBelowWhatIsWaiting() {
    assertThat(reader.pipe().changeCapacity(5000)).isEqualTo(8192);
    write(writer, 8192);
    assertThat(errnoOf(() -> reader.pipe().changeCapacity(4096))).isEqualTo(Errno.EBUSY);
    assertThat(errnoOf(() -> reader.pipe().changeCapacity(Pipe.MAX_CAPACITY + 1)))
        .isEqualTo(Errno.EPERM);
  }

  @Property(tries = 100)
  void bytesComeOutInOrder(
      @ForAll @Size(min = 1, max = 60) List<@IntRange(min = 1, max = 9000) Integer> sizes) {
    PipeEnd[] pair = PipeEnd.pair(OpenFlags.O_NONBLOCK, memory);
    int written = 0;
    int seen = 0;
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < sizes.size(); i++) {
        if (i % 2 == 0) {
          try {
            written += (int) pair[1].write(null, bytes(arena, written, sizes.get(i)));
          } catch (ErrnoException full) {
            assertThat(full.errno()).isEqualTo(Errno.EAGAIN);
          }
        } else if (seen < written) {
          MemorySegment memory = arena.allocate(sizes.get(i));
          long count = pair[0].read(null, IoBuffer.host(memory));
          for (int b = 0; b < count; b++) {
            assertThat(memory.get(ValueLayout.JAVA_BYTE, b)).isEqualTo((byte) seen++);
          }
        }
      }
    }
    assertThat(pair[0].pipe().available()).isEqualTo(written - seen);
    pair[0].release();
    pair[1].release();
  }

  @Test
  void whatWaitsIsChargedAndRefusedAboveTheLimit() {
    List<PipeEnd> all = new ArrayList<>();
    long written = 0;
    try {
      while (written <= LIMIT_BYTES) {
        PipeEnd[] pair = PipeEnd.pair(OpenFlags.O_NONBLOCK, memory);
        all.addAll(List.of(pair));
        written += write(pair[1], Pipe.DEFAULT_CAPACITY);
      }
    } catch (ErrnoException refused) {
      assertThat(refused.errno()).isEqualTo(Errno.ENOMEM);
    }
    assertThat(written).isEqualTo(LIMIT_BYTES);
    assertThat(memory.usedBytes()).isEqualTo(LIMIT_BYTES);
    all.forEach(PipeEnd::release);
    assertThat(memory.usedBytes()).isZero();
  }
}
