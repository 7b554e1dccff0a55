package org.capvm.libos.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.junit.jupiter.api.Test;

class ElfImageTest {
  private static final int FUZZ_ROUNDS = 200_000;

  /** A program of one readable and executable page at 4 MiB, with an interpreter. */
  private static byte[] program() {
    ByteBuffer elf = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).position(16);
    elf.putShort((short) 3).putShort((short) 62).putInt(1);
    elf.putLong(0x400100).putLong(64).putLong(0).putInt(0);
    elf.putShort((short) 64).putShort((short) 56).putShort((short) 3);
    elf.position(64);
    elf.putInt(1).putInt(5).putLong(0).putLong(0x400000).putLong(0x400000);
    elf.putLong(512).putLong(0x2000).putLong(4096);
    elf.putInt(3).putInt(4).putLong(300).putLong(0).putLong(0);
    elf.putLong(7).putLong(7).putLong(1);
    elf.putInt(0x6474e551).putInt(6).putLong(0).putLong(0).putLong(0);
    elf.putLong(0).putLong(0).putLong(16);
    elf.position(300);
    elf.put("/lib/a\0".getBytes());
    return elf.array();
  }

  private static ElfImage.Source source(byte[] file) {
    return (position, target, length) -> {
      if (position >= file.length) {
        return 0;
      }
      int count = (int) Math.min(length, file.length - position);
      System.arraycopy(file, (int) position, target, 0, count);
      return count;
    };
  }

  private static int errnoOf(byte[] file) {
    try {
      ElfImage.read(source(file), Errno.ENOEXEC);
      return 0;
    } catch (ErrnoException e) {
      return e.errno();
    }
  }

  @Test
  void aWellFormedProgramIsReadAsItIs() {
    ElfImage image = ElfImage.read(source(program()), Errno.ENOEXEC);
    assertThat(image.positionIndependent()).isTrue();
    assertThat(image.entry()).isEqualTo(0x400100);
    assertThat(image.headersAddress()).isEqualTo(0x400040);
    assertThat(image.interpreter()).isEqualTo("/lib/a");
    assertThat(image.executableStack()).isFalse();
    assertThat(image.lowest()).isEqualTo(0x400000);
    assertThat(image.highest()).isEqualTo(0x402000);
    assertThat(image.segments())
        .containsExactly(new ElfImage.Segment(0x400000, 0, 512, 0x2000, 5, 4096));
    assertThat(image.segments().getFirst().protection()).isEqualTo(5);
  }

  @Test
  void whatIsNotAnElfFileForThisProcessorIsNotExecutable() {
    assertThat(errnoOf(new byte[0])).isEqualTo(Errno.ENOEXEC);
    assertThat(errnoOf("just text, long enough to be a header, in any case".repeat(4).getBytes()))
        .isEqualTo(Errno.ENOEXEC);
    byte[] narrow = program();
    narrow[4] = 1;
    assertThat(errnoOf(narrow)).isEqualTo(Errno.ENOEXEC);
    byte[] foreign = program();
    foreign[18] = (byte) 183;
    assertThat(errnoOf(foreign)).isEqualTo(Errno.ENOEXEC);
    byte[] object = program();
    object[16] = 1;
    assertThat(errnoOf(object)).isEqualTo(Errno.ENOEXEC);
  }

  @Test
  void anInterpreterThatIsNotAnElfFileIsABadLibrary() {
    assertThatThrownBy(() -> ElfImage.read(source(new byte[100]), Errno.ELIBBAD))
        .isEqualTo(ErrnoException.of(Errno.ELIBBAD));
  }

  @Test
  void segmentsThatLieAboutTheirSizesAreRefused() {
    byte[] shrinking = program();
    ByteBuffer.wrap(shrinking).order(ByteOrder.LITTLE_ENDIAN).putLong(64 + 40, 100);
    assertThat(errnoOf(shrinking)).isEqualTo(Errno.EINVAL);
    byte[] huge = program();
    ByteBuffer.wrap(huge).order(ByteOrder.LITTLE_ENDIAN).putLong(64 + 40, 1L << 40);
    assertThat(errnoOf(huge)).isEqualTo(Errno.ENOMEM);
    byte[] skewed = program();
    ByteBuffer.wrap(skewed).order(ByteOrder.LITTLE_ENDIAN).putLong(64 + 8, 1);
    assertThat(errnoOf(skewed)).isEqualTo(Errno.EINVAL);
  }

  @Test
  void anInterpreterNameWithoutAnEndIsRefused() {
    byte[] endless = program();
    endless[306] = 'x';
    assertThat(errnoOf(endless)).isEqualTo(Errno.ENOEXEC);
  }

  @Test
  void noHeaderWhateverItSaysDoesMoreThanFail() {
    Random random = new Random(42);
    for (int round = 0; round < FUZZ_ROUNDS; round++) {
      byte[] file = program();
      int changes = 1 + random.nextInt(6);
      for (int i = 0; i < changes; i++) {
        file[random.nextInt(240)] = (byte) (random.nextInt(4) == 0 ? -1 : random.nextInt());
      }
      byte[] cut =
          random.nextInt(4) == 0 ? java.util.Arrays.copyOf(file, random.nextInt(512)) : file;
      int errno = errnoOf(cut);
      if (errno == 0) {
        ElfImage image = ElfImage.read(source(cut), Errno.ENOEXEC);
        assertThat(image.lowest()).isBetween(0L, 0xffff_ffffL);
        assertThat(image.highest()).isBetween(image.lowest(), 1L << 32);
      } else {
        assertThat(errno).isIn(Errno.ENOEXEC, Errno.EINVAL, Errno.ENOMEM);
      }
    }
  }
}
