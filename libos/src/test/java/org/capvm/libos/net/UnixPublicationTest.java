package org.capvm.libos.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.libos.file.PollEvents.POLLIN;
import static org.capvm.libos.net.SocketFixture.abstractName;
import static org.capvm.libos.net.SocketFixture.receive;
import static org.capvm.libos.net.SocketFixture.send;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.AddressFamily;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.file.FileDescription;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** AF_UNIX names of a cVM as seen from the host. */
@Timeout(20)
final class UnixPublicationTest {
  private static final String NAME = "name";

  @TempDir private Path directory;

  private final SocketFixture fixture = new SocketFixture();
  private Path file;

  @BeforeEach
  void publish() {
    file = directory.resolve("socket");
    publish(fixture, file);
  }

  @AfterEach
  void closeNetwork() {
    fixture.network.close();
  }

  private static void publish(SocketFixture fixture, Path file) {
    fixture.network.publish(
        file, new UnixAddress(file.toString(), false), new UnixAddress(NAME, true));
  }

  private SocketDescription listening(int type, int backlog) {
    SocketDescription socket = fixture.create(AddressFamily.AF_UNIX, type);
    socket.bind(null, abstractName(NAME));
    socket.listen(null, backlog);
    return socket;
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(file));
      return channel;
    } catch (IOException refused) {
      channel.close();
      throw refused;
    }
  }

  private void assertRefused() {
    assertThatThrownBy(() -> connect().close()).isInstanceOf(ConnectException.class);
  }

  private static SocketDescription acceptFrom(SocketDescription listening)
      throws InterruptedException {
    awaitInput(listening);
    return listening.accept(null);
  }

  private static void awaitInput(SocketDescription socket) throws InterruptedException {
    while ((socket.readiness() & POLLIN) == 0) {
      Thread.sleep(1);
    }
  }

  private static String read(SocketChannel host, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining() && host.read(buffer) >= 0) {
      // Goes on until all is there.
    }
    return new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII);
  }

  @Test
  void aConnectionFromTheHostIsAcceptedAndCarriesData() throws Exception {
    SocketDescription listening = listening(SocketType.SOCK_STREAM, 5);
    try (SocketChannel host = connect()) {
      SocketDescription accepted = acceptFrom(listening);
      assertThat(accepted.isHostPolled()).isTrue();
      assertThat(accepted.localName()).isEqualTo(abstractName(NAME));
      assertThat(accepted.peerName()).isEqualTo(UnixAddress.UNNAMED.encode());
      assertThat(accepted.peerCredentials()).isEqualTo(PeerCredentials.nobody());
      host.write(ByteBuffer.wrap("from the host".getBytes(StandardCharsets.US_ASCII)));
      awaitInput(accepted);
      assertThat(receive(accepted, 100)).isEqualTo("from the host");
      assertThat(send(accepted, "from the guest")).isEqualTo(14);
      assertThat(read(host, 14)).isEqualTo("from the guest");
      accepted.release();
      assertThat(host.read(ByteBuffer.allocate(1))).isEqualTo(-1);
    }
  }

  @Test
  void openFilesCannotBeSentToTheHost() throws Exception {
    SocketDescription listening = listening(SocketType.SOCK_STREAM, 5);
    try (SocketChannel host = connect()) {
      SocketDescription accepted = acceptFrom(listening);
      FileDescription sent = fixture.tcp();
      Ancillary files = new Ancillary(List.of(sent), PeerCredentials.nobody(), null);
      assertThat(SocketFixture.sendTo(accepted, "x", null, files)).isEqualTo(-Errno.EPERM);
      send(accepted, "y");
      assertThat(read(host, 1)).isEqualTo("y");
      accepted.release();
    }
  }

  @Test
  void nobodyIsLetInBeforeTheGuestListensAndAfterItStops() throws IOException {
    assertRefused();
    SocketDescription socket = fixture.create(AddressFamily.AF_UNIX, SocketType.SOCK_STREAM);
    socket.bind(null, abstractName(NAME));
    assertRefused();
    socket.listen(null, 5);
    connect().close();
    socket.release();
    assertRefused();
  }

  @Test
  void aSocketThatWasShutListensNoMore() throws IOException {
    SocketDescription listening = listening(SocketType.SOCK_STREAM, 5);
    connect().close();
    listening.shutdown(StreamTransport.RECEIVE_SHUT);
    assertRefused();
  }

  @Test
  void aServerThatRestartsIsFoundAgain() throws Exception {
    listening(SocketType.SOCK_STREAM, 5).release();
    SocketDescription listening = listening(SocketType.SOCK_STREAM, 5);
    try (SocketChannel host = connect()) {
      SocketDescription accepted = acceptFrom(listening);
      host.write(ByteBuffer.wrap(new byte[] {'x'}));
      awaitInput(accepted);
      assertThat(receive(accepted, 10)).isEqualTo("x");
      accepted.release();
    }
  }

  @Test
  void connectionsBeyondTheBacklogWaitForTheirTurn() throws Exception {
    SocketDescription listening = listening(SocketType.SOCK_STREAM, 0);
    SocketChannel[] hosts = new SocketChannel[5];
    for (int i = 0; i < hosts.length; i++) {
      hosts[i] = connect();
    }
    for (SocketChannel host : hosts) {
      acceptFrom(listening).release();
    }
    for (SocketChannel host : hosts) {
      assertThat(host.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      host.close();
    }
  }

  @Test
  void socketsOfRecordsAreNotPublished() {
    listening(SocketType.SOCK_SEQPACKET, 5);
    assertRefused();
  }

  @Test
  void aFileThatIsThereAlreadyIsAnErrorAndStays() throws IOException {
    Path taken = Files.writeString(directory.resolve("taken"), "mine");
    assertThatThrownBy(() -> publish(fixture, taken))
        .isInstanceOf(ErrnoException.class)
        .hasMessage("EADDRINUSE");
    fixture.network.close();
    assertThat(taken).hasContent("mine");
  }

  /** What a process leaves that is killed: nobody removes the file. */
  private static void leave(Path file) throws IOException {
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(file))
        .close();
  }

  @Test
  void aFileThatAKilledProcessLeftIsReplaced() throws IOException {
    fixture.network.close();
    leave(file);
    SocketFixture next = new SocketFixture();
    publish(next, file);
    SocketDescription socket = next.create(AddressFamily.AF_UNIX, SocketType.SOCK_STREAM);
    socket.bind(null, abstractName(NAME));
    socket.listen(null, 5);
    connect().close();
    assertThat(directory).isDirectoryContaining(file::equals);
    assertThat(directory.toFile().list()).hasSize(1);
    next.network.close();
    assertThat(directory).isEmptyDirectory();
  }

  private void assertInUse(Path taken) {
    SocketFixture other = new SocketFixture();
    assertThatThrownBy(() -> publish(other, taken))
        .isInstanceOf(ErrnoException.class)
        .hasMessage("EADDRINUSE");
    other.network.close();
  }

  @Test
  void aFileStaysWithWhoPublishedItWhetherOrNotAProgramListens() throws IOException {
    Path link =
        Files.createSymbolicLink(
            directory.resolveSibling(directory.getFileName() + "-link"), directory);
    Path another = link.resolve(file.getFileName());
    assertInUse(file);
    assertInUse(another);
    SocketDescription listening = listening(SocketType.SOCK_STREAM, 0);
    assertInUse(file);
    try (SocketChannel first = connect();
        SocketChannel second = connect()) {
      assertThat(first.isConnected() && second.isConnected()).isTrue();
      assertInUse(file);
    }
    listening.release();
    assertInUse(file);
    assertInUse(another);
    listening(SocketType.SOCK_STREAM, 5);
    connect().close();
    Files.delete(link);
  }

  /** Waits for the end, or a reset. */
  private static boolean isOver(SocketChannel host) {
    try {
      return host.read(ByteBuffer.allocate(1)) < 0;
    } catch (IOException reset) {
      return true;
    }
  }

  @Test
  void connectionsThatNobodyAcceptedEndWhenTheProgramStopsListening() throws IOException {
    SocketDescription listening = listening(SocketType.SOCK_STREAM, 0);
    List<SocketChannel> hosts = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      hosts.add(connect());
    }
    listening.release();
    for (SocketChannel host : hosts) {
      assertThat(isOver(host)).isTrue();
      host.close();
    }
  }

  @Test
  void aLinkToAFileThatWasLeftIsAnErrorAndStays() throws IOException {
    Path left = directory.resolve("left");
    leave(left);
    Path link = Files.createSymbolicLink(directory.resolve("link"), left);
    assertInUse(link);
    assertThat(link).isSymbolicLink();
    assertThat(left).exists();
  }

  @Test
  void theFileIsRemovedAtTheEndUnlessAnotherTookItsPlace() throws IOException {
    fixture.network.close();
    assertThat(file).doesNotExist();
    SocketFixture other = new SocketFixture();
    publish(other, file);
    Files.delete(file);
    Files.writeString(file, "another");
    other.network.close();
    assertThat(file).hasContent("another");
  }

  @Test
  void aServerCannotListenWhereAnotherFileTookThePlace() throws IOException {
    listening(SocketType.SOCK_STREAM, 5).release();
    Files.delete(file);
    Files.writeString(file, "another");
    assertThatThrownBy(() -> listening(SocketType.SOCK_STREAM, 5))
        .isInstanceOf(ErrnoException.class)
        .hasMessage("EADDRINUSE");
    assertThat(file).hasContent("another");
  }
}
