package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.engine.RedisServers.SOON;
import static org.capvm.engine.RedisServers.await;
import static org.capvm.engine.RedisServers.client;
import static org.capvm.engine.RedisServers.freePort;
import static org.capvm.engine.RedisServers.reachable;
import static org.capvm.engine.RedisServers.server;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What whoever runs Redis does with it, done to servers in cVMs. */
@Timeout(600)
final class RedisOperationTest {
  private static final int SIGTERM = 15;
  private static final int KEYS = 3000;
  private static final String[] EVERY_SECOND = {
    "--save", "", "--appendonly", "yes", "--appendfsync", "everysec"
  };

  /** A native redis-server on the files that one in a cVM left. */
  private static RedisClient onTheHost(Path data, List<Process> started, String... arguments)
      throws IOException, InterruptedException {
    int port = freePort();
    List<String> command = new ArrayList<>(List.of("/usr/bin/redis-server"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--port", Integer.toString(port), "--dir", data.toString()));
    started.add(
        new ProcessBuilder(command)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start());
    return client(port);
  }

  /** Writes until it is told to stop or the server ends; closes the client. */
  private static Thread load(RedisClient client, AtomicBoolean done) {
    return Thread.ofPlatform()
        .start(
            () -> {
              try (client) {
                for (int i = 0; !done.get(); i++) {
                  client.ask("SET", "busy" + i % KEYS, "value" + i);
                  client.ask("LPUSH", "list" + i % 10, "element" + i);
                }
              } catch (IOException over) {
                // The server has ended.
              }
            });
  }

  @Test
  void aRewrittenAppendOnlyFileAndASnapshotTakenUnderLoadAreReadByANativeServer() throws Exception {
    Path data = TestPaths.scratch("redis-rewrite");
    List<Process> started = new ArrayList<>();
    String[] debug = {"--enable-debug-command", "yes"};
    String digest;
    AtomicBoolean done = new AtomicBoolean();
    try (Cvm cvm =
            server(data, "--appendonly", "yes", "--save", "", "--enable-debug-command", "yes");
        RedisClient client = client(cvm)) {
      client.ask("DEBUG", "POPULATE", "20000", "key", "100");
      Thread load = load(client(cvm), done);
      for (String background : new String[] {"BGREWRITEAOF", "BGSAVE"}) {
        client.ask(background);
        await(client, "persistence", "aof_rewrite_in_progress:0");
        await(client, "persistence", "rdb_bgsave_in_progress:0");
      }
      await(client, "persistence", "aof_last_bgrewrite_status:ok");
      await(client, "persistence", "rdb_last_bgsave_status:ok");
      done.set(true);
      load.join();
      client.ask("SAVE");
      digest = client.ask("DEBUG", "DIGEST");
      cvm.signal(SIGTERM);
      assertThat(cvm.waitFor(SOON)).contains(new ExitStatus.Exited(0));
    }
    try (RedisClient appended =
            onTheHost(data, started, "--appendonly", "yes", debug[0], debug[1]);
        RedisClient saved = onTheHost(data, started, "--save", "", debug[0], debug[1])) {
      assertThat(appended.ask("DEBUG", "DIGEST")).isEqualTo(digest);
      assertThat(saved.ask("DEBUG", "DIGEST")).isEqualTo(digest);
    } finally {
      for (Process process : started) {
        process.destroyForcibly().waitFor();
      }
    }
  }

  @Test
  void whatIsWrittenAndSyncedEverySecondSurvivesAKill() throws Exception {
    Path data = TestPaths.scratch("redis-everysec");
    try (Cvm cvm = server(data, EVERY_SECOND);
        RedisClient client = client(cvm)) {
      for (int i = 0; i < KEYS; i++) {
        client.ask("SET", "key" + i, "value" + i);
      }
      await(client, "persistence", "aof_buffer_length:0");
      await(client, "persistence", "aof_pending_bio_fsync:0");
      AtomicBoolean done = new AtomicBoolean();
      Thread load = load(client(cvm), done);
      await(client, "persistence", "aof_last_write_status:ok");
      cvm.kill();
      assertThat(cvm.waitFor(SOON)).isPresent();
      done.set(true);
      load.join();
    }
    try (Cvm cvm = server(data, EVERY_SECOND);
        RedisClient client = client(cvm)) {
      for (int i = 0; i < KEYS; i++) {
        assertThat(client.ask("GET", "key" + i)).isEqualTo("value" + i);
      }
    }
  }

  @Test
  void aServerThatIsShutDownComesBackWithItsData() throws Exception {
    Path data = TestPaths.scratch("redis-shutdown");
    String digest;
    try (Cvm cvm = server(data, "--enable-debug-command", "yes");
        RedisClient client = client(cvm)) {
      client.ask("DEBUG", "POPULATE", "5000", "key", "50");
      client.ask("ZADD", "scores", "1", "one", "2", "two");
      digest = client.ask("DEBUG", "DIGEST");
      client.ask("DEBUG", "RELOAD");
      assertThat(client.ask("DEBUG", "DIGEST")).isEqualTo(digest);
      client.ask("CONFIG", "SET", "save", "3600 1");
      try {
        client.ask("SHUTDOWN", "SAVE");
      } catch (IOException gone) {
        // The server answers by closing the connection.
      }
      assertThat(cvm.waitFor(SOON)).contains(new ExitStatus.Exited(0));
    }
    try (Cvm cvm = server(data, "--enable-debug-command", "yes");
        RedisClient client = client(cvm)) {
      assertThat(client.ask("DEBUG", "DIGEST")).isEqualTo(digest);
    }
  }

  @Test
  void aClientThatDiesInTheMiddleOfACommandLeavesNoTrace() throws Exception {
    try (Cvm cvm = server(TestPaths.scratch("redis-client-dies"), "--save", "");
        RedisClient client = client(cvm)) {
      int port = cvm.hostPorts().getFirst();
      for (boolean reset : new boolean[] {false, true}) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
          socket.setSoLinger(reset, 0);
          String begun = "*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$1000\r\nonly the beginning";
          socket.getOutputStream().write(begun.getBytes(StandardCharsets.US_ASCII));
          await(client, "clients", "connected_clients:2");
        }
        await(client, "clients", "connected_clients:1");
        assertThat(client.ask("EXISTS", "half")).isEqualTo("0");
      }
      Process cli =
          new ProcessBuilder(
                  "/usr/bin/redis-cli", "-p", Integer.toString(port), "BLPOP", "nothing", "0")
              .start();
      try {
        await(client, "clients", "blocked_clients:1");
      } finally {
        cli.destroyForcibly().waitFor();
      }
      await(client, "clients", "blocked_clients:0");
      assertThat(client.ask("LPUSH", "nothing", "element")).isEqualTo("1");
      assertThat(client.ask("LLEN", "nothing")).isEqualTo("1");
    }
  }

  /** Waits until a replica is a primary. Sentinel has it close the connections of its clients. */
  private static void awaitPromotion(int port) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + SOON.toNanos();
    while (true) {
      try (RedisClient client = client(port)) {
        await(client, "replication", "role:master");
        return;
      } catch (EOFException | SocketException closed) {
        assertThat(System.nanoTime()).as("still no primary").isLessThan(deadline);
      }
    }
  }

  @Test
  void threeSentinelsMakeTheReplicaOfAKilledPrimaryTheNewOne() throws Exception {
    int primaryPort = freePort();
    int replicaPort = freePort();
    List<Cvm> cvms = new ArrayList<>();
    try {
      cvms.add(reachable(TestPaths.scratch("redis-first"), primaryPort, "--save", ""));
      String of = "127.0.0.1 " + primaryPort;
      cvms.add(
          reachable(
              TestPaths.scratch("redis-second"), replicaPort, "--save", "", "--replicaof", of));
      try (RedisClient primary = client(primaryPort);
          RedisClient replica = client(replicaPort)) {
        await(replica, "replication", "master_link_status:up");
        List<RedisClient> sentinels = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          Path data = TestPaths.scratch("redis-sentinel" + i);
          Files.writeString(
              data.resolve("sentinel.conf"),
              """
              sentinel monitor first %s 2
              sentinel down-after-milliseconds first 2000
              sentinel failover-timeout first 10000
              """
                  .formatted(of));
          int port = freePort();
          cvms.add(reachable(data, port, "/data/sentinel.conf", "--sentinel"));
          sentinels.add(client(port));
        }
        for (RedisClient sentinel : sentinels) {
          await(sentinel, "sentinel", "slaves=1,sentinels=3");
        }
        primary.ask("SET", "before", "the failure");
        assertThat(primary.ask("WAIT", "1", "10000")).isEqualTo("1");
        cvms.getFirst().kill();
        awaitPromotion(replicaPort);
        try (RedisClient promoted = client(replicaPort)) {
          assertThat(promoted.ask("GET", "before")).isEqualTo("the failure");
          promoted.ask("SET", "after", "it");
        }
        for (RedisClient sentinel : sentinels) {
          await(sentinel, "sentinel", "address=127.0.0.1:" + replicaPort);
          sentinel.close();
        }
      }
    } finally {
      cvms.forEach(Cvm::close);
    }
  }
}
