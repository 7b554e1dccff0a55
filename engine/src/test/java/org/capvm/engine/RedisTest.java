package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.engine.RedisServers.SOON;
import static org.capvm.engine.RedisServers.await;
import static org.capvm.engine.RedisServers.client;
import static org.capvm.engine.RedisServers.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Debian's redis-server in cVMs, with its data in a directory of the host.
 *
 * <p>{@code -Dredis.kills=1000} starts and kills that many servers instead of forty.
 */
@Timeout(1800)
final class RedisTest {
  private static final int KILLS = Integer.getInteger("redis.kills", 40);
  private static final int SIGTERM = 15;
  private static final int WRITES = 2000;

  /** What Debian's own tools, run on the host, say of a file that a server in a cVM wrote. */
  private static String check(String tool, Path file) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(tool, file.toString()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  void aSnapshotTakenUnderLoadIsReadByTheHostsOwnTools() throws Exception {
    Path data = TestPaths.scratch("redis-snapshot");
    try (Cvm cvm = server(data, "--save", "", "--enable-debug-command", "yes");
        RedisClient client = client(cvm);
        RedisClient other = client(cvm)) {
      client.ask("DEBUG", "POPULATE", "20000", "key", "100");
      assertThat(client.ask("BGSAVE")).startsWith("Background saving started");
      for (int i = 0; i < WRITES; i++) {
        other.ask("SET", "later" + i, "x".repeat(100));
      }
      await(client, "persistence", "rdb_bgsave_in_progress:0");
      await(client, "persistence", "rdb_last_bgsave_status:ok");
      assertThat(check("redis-check-rdb", data.resolve("dump.rdb"))).contains("RDB looks OK!");
      cvm.signal(SIGTERM);
      assertThat(cvm.waitFor(SOON)).contains(new ExitStatus.Exited(0));
    }
  }

  @Test
  void whatIsAcknowledgedAsOnDiskSurvivesAKill() throws Exception {
    Path data = TestPaths.scratch("redis-kill");
    String[] always = {"--save", "", "--appendonly", "yes", "--appendfsync", "always"};
    int acknowledged = 0;
    try (Cvm cvm = server(data, always);
        RedisClient client = client(cvm)) {
      AtomicInteger count = new AtomicInteger();
      Thread writer = Thread.ofPlatform().start(() -> write(client, count));
      while (count.get() < WRITES / 2) {
        Thread.sleep(1);
      }
      cvm.kill();
      cvm.waitFor(SOON);
      writer.join();
      acknowledged = count.get();
    }
    try (Cvm cvm = server(data, always);
        RedisClient client = client(cvm)) {
      assertThat(Integer.parseInt(client.ask("DBSIZE"))).isGreaterThanOrEqualTo(acknowledged);
      assertThat(client.ask("GET", "key" + (acknowledged - 1))).isEqualTo("value");
      assertThat(client.ask("BGREWRITEAOF")).contains("started");
      await(client, "persistence", "aof_rewrite_in_progress:0");
      await(client, "persistence", "aof_last_bgrewrite_status:ok");
    }
    assertThat(
            check(
                "redis-check-aof",
                data.resolve("appendonlydir").resolve("appendonly.aof.manifest")))
        .contains("All AOF files and manifest are valid");
  }

  private static void write(RedisClient client, AtomicInteger count) {
    try {
      while (true) {
        client.ask("SET", "key" + count.get(), "value");
        count.incrementAndGet();
      }
    } catch (IOException killed) {
      // As planned.
    }
  }

  @Test
  void aReplicaInAnotherCvmFollows() throws Exception {
    try (Cvm primary = server(TestPaths.scratch("redis-primary"), "--save", "");
        RedisClient toPrimary = client(primary)) {
      toPrimary.ask("SET", "before", "1");
      String port = Integer.toString(primary.hostPorts().getFirst());
      try (Cvm replica =
              server(
                  TestPaths.scratch("redis-replica"),
                  Network.HOST,
                  "--save",
                  "",
                  "--replicaof",
                  "127.0.0.1 " + port);
          RedisClient toReplica = client(replica)) {
        await(toReplica, "replication", "master_link_status:up");
        toPrimary.ask("SET", "after", "2");
        assertThat(toPrimary.ask("WAIT", "1", "10000")).isEqualTo("1");
        assertThat(toReplica.ask("GET", "before")).isEqualTo("1");
        assertThat(toReplica.ask("GET", "after")).isEqualTo("2");
      }
    }
  }

  @Test
  void scriptsRunAndThreadsForInputAndOutputServe() throws Exception {
    try (Cvm cvm = server(TestPaths.scratch("redis-threads"), "--save", "", "--io-threads", "2");
        RedisClient client = client(cvm)) {
      assertThat(client.ask("EVAL", "return redis.call('INCRBY', KEYS[1], ARGV[1])", "1", "n", "7"))
          .isEqualTo("7");
      assertThat(client.ask("GET", "n")).isEqualTo("7");
    }
  }

  @Test
  void serversKilledUnderLoadLeaveNothingBehind() throws Exception {
    Path data = TestPaths.scratch("redis-kills");
    HostResources before = null;
    for (int i = 0; i < KILLS; i++) {
      if (i == KILLS / 4) {
        before = HostResources.now();
      }
      try (Cvm cvm = server(data, "--save", "");
          RedisClient client = client(cvm)) {
        AtomicInteger count = new AtomicInteger();
        Thread writer = Thread.ofPlatform().start(() -> write(client, count));
        while (count.get() < 10) {
          Thread.onSpinWait();
        }
        cvm.kill();
        assertThat(cvm.waitFor(SOON)).isPresent();
        writer.join();
      }
    }
    HostResources.assertNotGrownSince(before);
  }
}
