package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Programs that know nothing of cVMs reach programs of another one through configured links. */
@Timeout(120)
final class LinksTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Link TCP = Link.tcp("cache", 6379);
  private static final Link PATH = new Link.Unix("/run/c/to.sock", "cache", "/tmp/redis.sock");
  private static final Link ABSTRACT = new Link.Unix("@to", "cache", "@served");

  private static CvmConfiguration.Builder quiet(String program, List<String> arguments) {
    return CvmConfiguration.builder(program)
        .arguments(arguments)
        .standardInput(StandardStream.discarded())
        .standardOutput(StandardStream.discarded())
        .standardError(StandardStream.discarded());
  }

  private static Cvm cache() {
    List<String> arguments =
        List.of("--save", "", "--appendonly", "no", "--unixsocket", "/tmp/redis.sock");
    return ConfinedRun.capVm()
        .start(quiet("/usr/bin/redis-server", arguments).hostname("cache").build());
  }

  private static Cvm python(String hostname, String script, Link... links) {
    CvmConfiguration.Builder builder =
        quiet("/usr/bin/python3", List.of("-c", "import socket, time, errno, os\n" + script))
            .hostname(hostname);
    Stream.of(links).forEach(builder::link);
    return ConfinedRun.capVm().start(builder.build());
  }

  private static int end(Cvm cvm) throws InterruptedException {
    return cvm.waitFor(LIMIT).orElseThrow().shellStatus();
  }

  private static int status(String script, Link... links) throws InterruptedException {
    try (Cvm cvm = python("app", script, links)) {
      return end(cvm);
    }
  }

  /** Connects as often as it takes the server to start. */
  private static String connecting(String family, String address) {
    return """
    def connect():
        while True:
            s = socket.socket(socket.%s, socket.SOCK_STREAM)
            try:
                s.connect(%s)
                return s
            except ConnectionRefusedError:
                time.sleep(0.02)
    s = connect()
    """
        .formatted(family, address);
  }

  private static final String PING =
      """
      s.sendall(b'PING\\r\\n')
      assert s.recv(7, socket.MSG_WAITALL) == b'+PONG\\r\\n'
      """;

  @Test
  void peersAreFoundByTheirNames() throws Exception {
    try (Cvm cache = cache()) {
      assertThat(
              status(
                  """
                  while True:
                      try:
                          s = socket.create_connection(('cache', 6379))
                          break
                      except ConnectionRefusedError:
                          time.sleep(0.02)
                  """
                      + PING
                      + "assert socket.gethostbyname('localhost') == '127.0.0.1'\n"
                      + "assert open('/etc/hosts').read().startswith('127.0.0.1\\tcache\\n')\n"
                      + "open('/etc/hosts', 'a').write('127.0.0.2\\tmore\\n')\n"
                      + "assert socket.gethostbyname('more') == '127.0.0.2'",
                  TCP))
          .isZero();
      CvmConfiguration.Builder client =
          quiet("/usr/bin/redis-cli", List.of("-e", "-h", "cache", "incr", "visits"));
      try (Cvm cvm = ConfinedRun.capVm().start(client.link(TCP).build())) {
        assertThat(end(cvm)).isZero();
      }
      assertThat(cache.waitFor(Duration.ZERO)).isEmpty();
    }
    assertThat(Files.readString(Path.of("/etc/hosts"))).doesNotContain("cache", "more");
  }

  @Test
  void aCvmWithoutLinksSeesTheHostsNamesAsTheyAre() throws Exception {
    String hosts = Files.readString(Path.of("/etc/hosts"));
    assertThat(status("assert open('/etc/hosts').read() == '''" + hosts + "'''")).isZero();
  }

  @Test
  void twoLinksCannotLeadFromOneAddress() {
    assertThatThrownBy(
            () -> quiet("/bin/true", List.of()).link(TCP).link(Link.tcp("other", 6379)).build())
        .hasMessage("two links lead from 6379");
  }

  @Test
  void redisAnswersAnotherCvmOverLoopbackTcpAndAPathWhileTheHostHasNoSocketOfThem()
      throws Exception {
    long before = hostSockets();
    try (Cvm cache = cache()) {
      String v4 = connecting("AF_INET", "('127.0.0.1', 6379)") + PING;
      String v6 = connecting("AF_INET6", "('::1', 6379)") + PING;
      String path = connecting("AF_UNIX", "'/run/c/to.sock'") + PING;
      try (Cvm app = python("app", v4 + v6 + path + "time.sleep(1000)", TCP, PATH);
          Cvm other = python("other", v4 + v6 + path, TCP, PATH)) {
        assertThat(end(other)).isZero();
        assertThat(hostSockets()).isEqualTo(before);
        app.kill();
        assertThat(end(app)).isEqualTo(128 + 9);
      }
      assertThat(status(v4, TCP)).isZero();
      cache.kill();
      assertThat(end(cache)).isEqualTo(128 + 9);
    }
  }

  private static long hostSockets() throws IOException {
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      return descriptors.filter(LinksTest::isSocket).count();
    }
  }

  private static boolean isSocket(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
    } catch (IOException closedMeanwhile) {
      return false;
    }
  }

  @Test
  void withoutALinkNothingIsReached() throws Exception {
    try (Cvm cache = cache()) {
      assertThat(status(connecting("AF_INET", "('127.0.0.1', 6379)") + PING, TCP)).isZero();
      assertThat(status("socket.create_connection(('127.0.0.1', 6379))")).isEqualTo(1);
      assertThat(status("socket.create_connection(('127.0.0.1', 6380))", TCP)).isEqualTo(1);
      cache.kill();
    }
  }

  @Test
  void aPeerThatDoesNotRunRefuses() throws Exception {
    String script =
        """
        for family, address in ((socket.AF_INET, ('127.0.0.1', 6379)),
                                (socket.AF_UNIX, '/run/c/to.sock'), (socket.AF_UNIX, '\\0to')):
            s = socket.socket(family, socket.SOCK_STREAM)
            assert s.connect_ex(address) == errno.ECONNREFUSED, address
        """;
    assertThat(status(script, TCP, PATH, ABSTRACT)).isZero();
  }

  @Test
  void bytesPassButNeitherOpenFilesNorCredentials() throws Exception {
    String server =
        """
        l = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        l.bind('\\0served')
        l.listen()
        s = l.accept()[0]
        data, control, flags, name = s.recvmsg(5, 1000, socket.MSG_WAITALL)
        assert data == b'hello' and not control, (data, control)
        assert s.recv(1) == b''
        """;
    String client =
        connecting("AF_UNIX", "'\\0to'")
            + """
            import array, struct
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0]))]
            try:
                s.sendmsg([b'x'], rights)
                raise SystemExit(3)
            except PermissionError:
                pass
            cred = s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            assert struct.unpack('3i', cred) == (0, 65534, 65534)
            s.sendall(b'hello')
            """;
    try (Cvm peer = python("cache", server)) {
      assertThat(status(client, ABSTRACT)).isZero();
      assertThat(end(peer)).isZero();
    }
  }

  @Test
  void aPeerThatIsKilledEndsTheConnectionAndTheOtherSideGoesOn() throws Exception {
    String server =
        """
        l = socket.create_server(('127.0.0.1', 6379))
        s = l.accept()[0]
        s.recv(1)
        os.kill(os.getpid(), 9)
        """;
    String client =
        connecting("AF_INET", "('127.0.0.1', 6379)")
            + """
            s.sendall(b'more than is read')
            try:
                assert s.recv(1) == b''
            except ConnectionResetError:
                pass
            try:
                while True:
                    s.sendall(b'x')
            except (BrokenPipeError, ConnectionResetError):
                pass
            """;
    try (Cvm peer = python("cache", server)) {
      assertThat(status(client, TCP)).isZero();
      assertThat(end(peer)).isEqualTo(128 + 9);
    }
  }

  @Test
  void aConfigurationWithoutNetworkHasNoLinks() {
    assertThatThrownBy(() -> quiet("/bin/true", List.of()).network(Network.NONE).link(TCP).build())
        .isInstanceOf(IllegalArgumentException.class);
  }
}
