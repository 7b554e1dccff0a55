package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.capvm.engine.ConfinedRun.Started;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.channel.Compartment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** CP_Stream: between two cVMs, between a cVM and Java, and what each side hears of an end. */
@Timeout(120)
class StreamsTest {
  private static final Path BINDING = Path.of("src/main/guest").toAbsolutePath();
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int READ_WRITE = Permissions.READ | Permissions.WRITE;

  private static Path program() throws IOException, InterruptedException {
    return GuestProgram.c(
        "cp_stream", "-O2", "-I" + BINDING, BINDING.resolve("capvm.c").toString());
  }

  private static Started start(String host, String... arguments)
      throws IOException, InterruptedException {
    return ConfinedRun.start(program(), List.of(arguments), b -> b.hostname(host));
  }

  private static void await(Started started, String text) throws Exception {
    while (!started.output().contains(text)) {
      Thread.sleep(10);
    }
  }

  @Test
  void twoCvmsUseAStreamLikeASocketUntilItIsRevoked() throws Exception {
    try (Started owner = start("spring", "own", "water", "river");
        Started opener = start("river", "open", "spring/water")) {
      assertThat(opener.end(LIMIT).shellStatus()).as(opener.output()).isZero();
      assertThat(owner.end(LIMIT).shellStatus()).as(owner.output()).isZero();
    }
  }

  @Test
  void theDeathOfTheOwnerEndsTheOtherSidesTransfers() throws Exception {
    try (Started owner = start("mortal", "hold", "line");
        Started opener = start("heir", "hear", "mortal/line")) {
      await(opener, "waiting");
      owner.cvm().kill();
      assertThat(opener.end(LIMIT).shellStatus()).as(opener.output()).isZero();
      assertThat(opener.output()).matches("waiting\nread: end\nwrite: (Broken pipe|Owner died)\n");
    }
  }

  @Test
  void theDeathOfTheOpenerEndsTheOwnersTransfers() throws Exception {
    try (Compartment java = ConfinedRun.capVm().newCompartment("survivor");
        StreamChannel channel = StreamChannel.create(java, "line");
        Started opener = start("short-lived", "hear", "survivor/line")) {
      channel.capability().grant("short-lived", READ_WRITE);
      await(opener, "waiting");
      opener.cvm().kill();
      assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1))).hasMessage("Broken pipe");
    }
  }

  @Test
  void javaSendsMoreThanFitsToAGuestAndHearsItsAnswer() throws Exception {
    try (Compartment java = ConfinedRun.capVm().newCompartment("feeder");
        StreamChannel channel = StreamChannel.create(java, "food");
        Started opener = start("eater", "count", "feeder/food")) {
      channel.capability().grant("eater", READ_WRITE);
      channel.write(ByteBuffer.allocate(5_000_000));
      channel.shutdownOutput();
      ByteBuffer answer = ByteBuffer.allocate(100);
      while (channel.read(answer) >= 0) {
        // Until the guest closes its end.
      }
      assertThat(new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII))
          .isEqualTo("5000000 bytes");
      assertThat(opener.end(LIMIT).shellStatus()).as(opener.output()).isZero();
    }
  }

  @Test
  void revokingEndsAReadThatWaits() throws Exception {
    try (Compartment owner = ConfinedRun.capVm().newCompartment("giver");
        Compartment taker = ConfinedRun.capVm().newCompartment("taker");
        StreamChannel channel = StreamChannel.create(owner, "gift")) {
      channel.capability().grant("taker", READ_WRITE);
      try (StreamChannel opened = StreamChannel.open(taker, "giver/gift")) {
        CompletableFuture<String> read = new CompletableFuture<>();
        Thread reader = Thread.ofPlatform().start(() -> read.complete(outcomeOfRead(opened)));
        channel.capability().revoke();
        assertThat(read.get()).isEqualTo("Bad file descriptor");
        reader.join();
        assertThatThrownBy(() -> opened.write(ByteBuffer.allocate(1)))
            .hasMessage("Bad file descriptor");
      }
      assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  private static String outcomeOfRead(StreamChannel channel) {
    try {
      return Integer.toString(channel.read(ByteBuffer.allocate(1)));
    } catch (IOException refused) {
      return refused.getMessage();
    }
  }

  @Test
  void permissionsAreThoseOfTheDirections() throws Exception {
    try (Compartment owner = ConfinedRun.capVm().newCompartment("speaker");
        Compartment listener = ConfinedRun.capVm().newCompartment("listener");
        StreamChannel channel = StreamChannel.create(owner, "speech")) {
      channel.capability().grant("listener", Permissions.READ);
      try (StreamChannel opened = StreamChannel.open(listener, "speaker/speech")) {
        channel.write(ByteBuffer.wrap(new byte[] {7}));
        ByteBuffer heard = ByteBuffer.allocate(2);
        assertThat(opened.read(heard)).isEqualTo(1);
        assertThat(heard.get(0)).isEqualTo((byte) 7);
        assertThatThrownBy(() -> opened.write(ByteBuffer.allocate(1))).hasMessage("Broken pipe");
        assertThatThrownBy(() -> opened.capability().grant("speaker", Permissions.READ))
            .hasMessageContaining("not permit");
      }
    }
  }

  @Test
  void whatAnOwnerSentBeforeItClosedAndEndedCanBeReadToTheEnd() throws Exception {
    try (Compartment heir = ConfinedRun.capVm().newCompartment("reader")) {
      StreamChannel opened;
      try (Compartment owner = ConfinedRun.capVm().newCompartment("writer");
          StreamChannel channel = StreamChannel.create(owner, "will")) {
        channel.capability().grant("reader", READ_WRITE);
        opened = StreamChannel.open(heir, "writer/will");
        channel.write(ByteBuffer.allocate(3));
      }
      assertThat(opened.read(ByteBuffer.allocate(10))).isEqualTo(3);
      assertThat(opened.read(ByteBuffer.allocate(10))).isEqualTo(-1);
      opened.close();
      assertThatThrownBy(() -> opened.read(ByteBuffer.allocate(1)))
          .isInstanceOf(ClosedChannelException.class);
    }
  }

  @Test
  void anOwnerThatEndsWithItsEndOpenIsNamedAsTheReason() throws Exception {
    try (Compartment heir = ConfinedRun.capVm().newCompartment("orphan")) {
      StreamChannel opened;
      try (Compartment owner = ConfinedRun.capVm().newCompartment("parent")) {
        StreamChannel channel = StreamChannel.create(owner, "home");
        channel.capability().grant("orphan", READ_WRITE);
        opened = StreamChannel.open(heir, "parent/home");
        channel.write(ByteBuffer.allocate(3));
      }
      assertThatThrownBy(() -> opened.read(ByteBuffer.allocate(1))).hasMessage("Owner died");
      opened.close();
    }
  }
}
