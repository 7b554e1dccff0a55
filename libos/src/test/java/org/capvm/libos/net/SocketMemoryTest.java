package org.capvm.libos.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.SocketType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What waits in sockets is charged to the cVM, which is refused more than its limit. */
final class SocketMemoryTest {
  private static final String MUCH = "x".repeat(60_000);

  private final SocketFixture fixture = new SocketFixture();

  @ParameterizedTest
  @ValueSource(ints = {SocketType.SOCK_STREAM, SocketType.SOCK_DGRAM, SocketType.SOCK_SEQPACKET})
  void whatNobodyReadsIsRefusedAtTheLimitAndGivenBackAtTheEnd(int type) {
    List<SocketDescription> all = new ArrayList<>();
    long sent = 0;
    long refusal = 0;
    while (refusal != -Errno.ENOBUFS && sent <= 2 * SocketFixture.LIMIT_BYTES) {
      SocketDescription[] pair = fixture.pair(type);
      all.addAll(List.of(pair));
      do {
        refusal = SocketFixture.send(pair[0], MUCH);
        sent += Math.max(0, refusal);
      } while (refusal > 0);
    }
    assertThat(refusal).isEqualTo(-Errno.ENOBUFS);
    assertThat(sent).isBetween(SocketFixture.LIMIT_BYTES / 2, SocketFixture.LIMIT_BYTES);
    assertThat(fixture.memory.usedBytes()).isGreaterThanOrEqualTo(sent);
    all.forEach(SocketDescription::release);
    assertThat(fixture.memory.usedBytes()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {SocketType.SOCK_STREAM, SocketType.SOCK_DGRAM, SocketType.SOCK_SEQPACKET})
  void whatIsReadMakesRoomAgain(int type) {
    SocketDescription[] pair = fixture.pair(type);
    for (int i = 0; i < 1000; i++) {
      assertThat(SocketFixture.send(pair[0], MUCH)).isEqualTo(MUCH.length());
      assertThat(SocketFixture.receive(pair[1], MUCH.length())).hasSize(MUCH.length());
    }
  }
}
