package org.capvm.engine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Compression, digests, ciphers and a database, on 50 MB. */
final class LargeDataTest {
  private static final int SIZE_BYTES = 50_000_000;
  private static final Duration LIMIT = Duration.ofMinutes(3);

  private static Path data;

  @BeforeAll
  static void makeData() throws Exception {
    data = TestPaths.scratch("large").resolve("data");
    Files.write(data, halfRandomBytes());
  }

  @Test
  void gzipMakesTheSameFile() throws Exception {
    roundTrip("gzip", ".gz", "-n", "-3");
  }

  @Test
  void xzMakesTheSameFile() throws Exception {
    roundTrip("xz", ".xz", "-0", "-T1");
  }

  @Test
  void zstdMakesTheSameFile() throws Exception {
    roundTrip("zstd", ".zst", "-q", "--single-thread");
  }

  @Test
  void bzip2MakesTheSameFile() throws Exception {
    roundTrip("bzip2", ".bz2", "-1");
  }

  @Test
  void opensslDigests() throws Exception {
    for (String digest : new String[] {"-sha256", "-md5", "-sha3-512", "-blake2b512"}) {
      onData("openssl", "dgst", digest, "data").agreesWithStatus(0);
    }
  }

  @Test
  void opensslEncryptsAndDecrypts() throws Exception {
    String[] key = {
      "-K", "000102030405060708090a0b0c0d0e0f", "-iv", "0f0e0d0c0b0a09080706050403020100"
    };
    onData(words("openssl enc -aes-128-cbc -in data -out data.aes", key)).agreesWithStatus(0);
    onData(words("openssl enc -aes-128-ctr -in data -out data.ctr", key)).agreesWithStatus(0);
    onData(
            words(
                "openssl enc -chacha20 -in data -out data.cha -pbkdf2 -S 0011223344556677 -k pass"))
        .agreesWithStatus(0);
  }

  @Test
  void sqliteWorksOnALargeDatabase() throws Exception {
    String script =
        """
        create table t (id integer primary key, key text, value real, body blob);
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 120000)
          insert into t select i, 'k' || (i * 7919 % 120000), i * 0.25, zeroblob(380) from n;
        create index by_key on t (key);
        select count(*), sum(value), min(key), max(key) from t;
        select id, value from t where key = 'k777';
        update t set value = value * 2 where id % 1000 = 0;
        delete from t where id % 17 = 0;
        select count(*), round(avg(value), 3), sum(length(body)) from t;
        select key, count(*) from t group by substr(key, 1, 3) order by 2 desc, 1 limit 5;
        pragma integrity_check;
        """;
    Differential.command("sqlite3", "large.db").input(script).within(LIMIT).agreesWithStatus(0);
  }

  @Test
  void ddCopiesThroughPipesAndFiles() throws Exception {
    onData("dd", "if=data", "of=copy", "bs=4096", "status=none").agreesWithStatus(0);
  }

  private static void roundTrip(String program, String suffix, String... options) throws Exception {
    onData(words(program + " -k data", options)).agreesWithStatus(0);
    Path packed = data.resolveSibling("packed");
    Files.createDirectories(packed);
    Path input = Files.copy(data, packed.resolve("data"));
    int status =
        new ProcessBuilder(words(program + " " + input, options)).inheritIO().start().waitFor();
    if (status != 0) {
      throw new AssertionError(program + " ended with status " + status);
    }
    Differential.command(program, "-d", "-q", "-k", "data" + suffix)
        .copy(packed.resolve("data" + suffix))
        .within(LIMIT)
        .agreesWithStatus(0);
    TestPaths.delete(packed);
  }

  private static Differential onData(String... command) {
    String[] arguments = java.util.Arrays.copyOfRange(command, 1, command.length);
    return Differential.command(command[0], arguments).copy(data).within(LIMIT);
  }

  private static String[] words(String first, String... rest) {
    return java.util.stream.Stream.concat(
            java.util.Arrays.stream(first.split(" ")), java.util.Arrays.stream(rest))
        .toArray(String[]::new);
  }

  /** Bytes that compress to about half: words of a small alphabet between random ones. */
  private static byte[] halfRandomBytes() {
    byte[] bytes = new byte[SIZE_BYTES];
    Random random = new Random(2024);
    int at = 0;
    while (at < bytes.length) {
      int run = Math.min(1 + random.nextInt(64), bytes.length - at);
      if (random.nextBoolean()) {
        byte[] piece = new byte[run];
        random.nextBytes(piece);
        System.arraycopy(piece, 0, bytes, at, run);
      } else {
        int word = random.nextInt(1000);
        for (int i = 0; i < run; i++) {
          bytes[at + i] = (byte) ('a' + (word * 31 + i * 7) % 26);
        }
      }
      at += run;
    }
    return bytes;
  }
}
