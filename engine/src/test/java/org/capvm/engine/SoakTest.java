package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import org.capvm.image.HostMount;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Four servers side by side, each asked by two clients, ended in the middle of it, and replaced:
 * every answer is right, and in the end the JVM holds no more than in the beginning.
 *
 * <p>{@code -Dsoak.minutes=60} lets it run for an hour instead of half a minute. What was held
 * after each round is written to {@code target/soak.txt}.
 */
@Timeout(2 * 3600)
final class SoakTest {
  private static final Duration LENGTH =
      Integer.getInteger("soak.minutes") == null
          ? Duration.ofSeconds(36)
          : Duration.ofMinutes(Integer.getInteger("soak.minutes"));

  /** Of so many parts the first says what is held in the beginning, and the last in the end. */
  private static final int PARTS = 6;

  private static final Duration LONGEST_ROUND = Duration.ofSeconds(50);
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final int SIGTERM = 15;
  private static final int EXCHANGES = 400;

  /** Of every line that it gets a server says the SHA-256. */
  private static final String HASHES =
      """
      import hashlib, socketserver
      class Hashes(socketserver.StreamRequestHandler):
          def handle(self):
              for line in self.rfile:
                  self.wfile.write(hashlib.sha256(line[:-1]).hexdigest().encode())
      class Server(socketserver.ThreadingTCPServer):
          allow_reuse_address = True
          daemon_threads = True
      Server(("0.0.0.0", 7000), Hashes).serve_forever()
      """;

  private static final byte[] PAGE = new byte[20_000];

  /** Asks something, and fails if the answer is wrong. */
  private interface Exchange {
    void with(Socket server, String value) throws Exception;
  }

  private record Server(List<String> command, int port, Exchange exchange) {}

  private final AtomicLong starts = new AtomicLong();
  private final AtomicLong answers = new AtomicLong();

  private static List<Server> servers() {
    return List.of(
        new Server(
            List.of("/usr/bin/redis-server", "--protected-mode", "no", "--save", ""),
            6379,
            (server, value) -> {
              ask(server, "SET key%s %s\r\n".formatted(value, value), "+OK\r\n");
              String answer = "$%d\r\n%s\r\n".formatted(value.length(), value);
              ask(server, "GET key%s\r\n".formatted(value), answer);
            }),
        new Server(
            List.of("/usr/sbin/nginx", "-c", "/site/nginx.conf"),
            8080,
            (server, _) -> assertThat(ServersTest.get(server, "/page")).isEqualTo(PAGE)),
        new Server(
            List.of("/usr/bin/memcached", "-u", "root", "-t", "2", "-l", "0.0.0.0"),
            11211,
            (server, value) -> {
              int length = value.length();
              ask(server, "set %s 0 0 %d\r\n%s\r\n".formatted(value, length, value), "STORED\r\n");
              String answer = "VALUE %s 0 %d\r\n%s\r\nEND\r\n".formatted(value, length, value);
              ask(server, "get " + value + "\r\n", answer);
            }),
        new Server(
            List.of("/usr/bin/python3", "/site/hashes.py"),
            7000,
            (server, value) -> {
              MessageDigest digest = MessageDigest.getInstance("SHA-256");
              byte[] hash = digest.digest(value.getBytes(StandardCharsets.US_ASCII));
              ask(server, value + "\n", HexFormat.of().formatHex(hash));
            }));
  }

  private static void ask(Socket server, String question, String answer) throws IOException {
    server.getOutputStream().write(question.getBytes(StandardCharsets.US_ASCII));
    byte[] got = new byte[answer.length()];
    new DataInputStream(server.getInputStream()).readFully(got);
    assertThat(new String(got, StandardCharsets.US_ASCII)).isEqualTo(answer);
  }

  /**
   * What is held between two rounds.
   *
   * @param residentBytes of the whole process
   * @param heapBytes of Java objects that are reachable
   */
  private record Held(long residentBytes, long heapBytes, HostResources resources) {

    static Held now() throws IOException {
      Runtime java = Runtime.getRuntime();
      java.gc();
      String pages = Files.readString(Path.of("/proc/self/statm")).split(" ")[1];
      return new Held(
          Long.parseLong(pages) * 4096,
          java.totalMemory() - java.freeMemory(),
          HostResources.now());
    }
  }

  @Test
  void serversThatComeAndGoAnswerRightAndLeaveNothingBehind() throws Exception {
    new Random(1).nextBytes(PAGE);
    Path site = TestPaths.scratch("soak");
    Files.write(site.resolve("page"), PAGE);
    Files.writeString(site.resolve("nginx.conf"), ServersTest.NGINX);
    Files.writeString(site.resolve("hashes.py"), HASHES);
    int rounds =
        PARTS * Math.toIntExact(1 + LENGTH.dividedBy(PARTS).minusNanos(1).dividedBy(LONGEST_ROUND));
    Duration round = LENGTH.dividedBy(rounds);
    List<Held> held = new ArrayList<>();
    try (PrintStream report = new PrintStream("target/soak.txt", StandardCharsets.UTF_8)) {
      for (int i = 0; i < rounds; i++) {
        round(site, System.nanoTime() + round.toNanos(), i);
        held.add(Held.now());
        report.printf("%d starts, %d answers, %s%n", starts.get(), answers.get(), held.getLast());
      }
    }
    List<Held> first = held.subList(0, rounds / PARTS);
    List<Held> last = held.subList(rounds - rounds / PARTS, rounds);
    assertNotGrown("threads", first, last, each -> each.resources().threads(), 2);
    assertNotGrown("descriptors", first, last, each -> each.resources().descriptors(), 2);
    assertNotGrown("mappings", first, last, each -> each.resources().mappings(), 20);
    if (first.size() > 1) {
      // Until then the JVM itself is still growing.
      assertNotGrown("resident bytes", first, last, Held::residentBytes, 0);
      assertNotGrown("bytes of Java objects", first, last, Held::heapBytes, 1 << 20);
    }
  }

  /** Fails if the end's mean is, by more than 2 % and an allowance, above the beginning's most. */
  private static void assertNotGrown(
      String what, List<Held> first, List<Held> last, ToLongFunction<Held> figure, long allowance) {
    long most = first.stream().mapToLong(figure).max().orElseThrow();
    long now = (long) last.stream().mapToLong(figure).average().orElseThrow();
    assertThat(now).as(what).isLessThanOrEqualTo(most + most / 50 + allowance);
  }

  private void round(Path site, long end, int number) throws Exception {
    try (ExecutorService lanes = Executors.newCachedThreadPool()) {
      List<Future<?>> ends = new ArrayList<>();
      for (Server server : servers()) {
        Random random = new Random(31L * number + server.port());
        ends.add(
            lanes.submit(
                () -> {
                  do {
                    life(site, server, random);
                    Thread.sleep(500);
                  } while (System.nanoTime() < end);
                  return null;
                }));
      }
      for (Future<?> lane : ends) {
        lane.get();
      }
    }
  }

  private void life(Path site, Server server, Random random) throws Exception {
    starts.incrementAndGet();
    CvmConfiguration configuration =
        CvmConfiguration.builder(server.command().getFirst())
            .arguments(server.command().subList(1, server.command().size()))
            .mount(new HostMount(site, "/site", false))
            .publish(
                new PortMapping(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), server.port()))
            .standardInput(StandardStream.discarded())
            .standardOutput(StandardStream.discarded())
            .standardError(StandardStream.discarded())
            .build();
    try (Cvm cvm = ConfinedRun.capVm().start(configuration);
        ExecutorService other = Executors.newSingleThreadExecutor()) {
      int port = cvm.hostPorts().getFirst();
      Socket client = connect(cvm, server, port);
      Socket second = connect(cvm, server, port);
      Future<?> until = other.submit(() -> askUntilItEnds(second, server));
      int exchanges = 1 + random.nextInt(EXCHANGES);
      try (client) {
        for (int i = 0; i < exchanges; i++) {
          exchange(client, server, "value" + i);
        }
      }
      assertThat(until.isDone()).as("a server goes away by itself").isFalse();
      if (random.nextBoolean()) {
        cvm.kill();
      } else {
        cvm.signal(SIGTERM);
      }
      assertThat(cvm.waitFor(SOON)).as("how %s ended", server.command()).isPresent();
      until.get();
    }
  }

  private Void askUntilItEnds(Socket client, Server server) throws Exception {
    try (client) {
      for (int i = 0; ; i++) {
        exchange(client, server, "other" + i);
      }
    } catch (IOException ended) {
      return null;
    }
  }

  private void exchange(Socket client, Server server, String value) throws Exception {
    server.exchange().with(client, value);
    answers.incrementAndGet();
    Thread.sleep(2);
  }

  /** Connects and gets a first right answer, which a server that is still starting may not give. */
  private Socket connect(Cvm cvm, Server server, int port) throws Exception {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (true) {
      Socket client = null;
      try {
        client = new Socket(InetAddress.getLoopbackAddress(), port);
        server.exchange().with(client, "first");
        return client;
      } catch (IOException notYet) {
        if (client != null) {
          client.close();
        }
        assertThat(cvm.waitFor(Duration.ofMillis(10))).as("%s ended", server.command()).isEmpty();
        assertThat(System.nanoTime()).as("no answer yet").isLessThan(deadline);
      }
    }
  }
}
