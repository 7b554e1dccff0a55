package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.capvm.engine.ConfinedRun.Started;
import org.capvm.image.HostMount;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.channel.Callee;
import org.capvm.monitor.channel.Compartment;
import org.capvm.monitor.channel.CpCall;
import org.capvm.monitor.channel.CpFile;
import org.capvm.monitor.channel.Invocation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Java as one side of what cVMs share. */
@Timeout(120)
class JavaCapabilitiesTest {
  private static final Path BINDING = Path.of("src/main/guest").toAbsolutePath();
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int HEADER_BYTES = 8;
  private static final int FRAME_BYTES = 100_000;

  @Test
  void javaCallsAGuestThatCallsJava() throws Exception {
    Path program =
        GuestProgram.c(
            "cp_store", "-O2", "-pthread", "-I" + BINDING, BINDING.resolve("capvm.c").toString());
    try (Compartment java = ConfinedRun.capVm().newCompartment("caller");
        Started store = ConfinedRun.start(program, List.of("store"), b -> b.hostname("depot"))) {
      assertThat(java.name()).isEqualTo("caller");
      CpCall call = openWhenThere(java, "depot/store");
      for (long key = 1; key < 50; key++) {
        assertThat(call.call(new long[] {0, key, 3 * key}, call.prepare())).isEqualTo(3 * key);
      }
      assertThat(call.call(new long[] {1, 7}, call.prepare())).isEqualTo(21);
      java.export("back", null, new Multiplication()).grant("depot", Permissions.CALL);
      // The guest calls back/caller, which multiplies, and adds 1.
      assertThat(call.call(new long[] {7, 6, 7}, call.prepare())).isEqualTo(43);
      assertThatThrownBy(() -> call.call(new long[] {10}, call.prepare()))
          .isInstanceOfSatisfying(
              CapabilityException.class, e -> assertThat(e.reason()).isEqualTo(Reason.OWNER_GONE));
      assertThat(store.end(LIMIT)).isInstanceOf(ExitStatus.Killed.class);
    }
  }

  @Test
  void whatIsSharedIsAFileOfFixedLengthBeneathCap() throws Exception {
    String script =
        """
        cd /cap/shared && ls && stat -c '%n %s %A' plan ledger
        cat plan; echo
        printf X | dd of=ledger bs=1 seek=3 conv=notrunc 2>/dev/null; cat ledger; echo
        printf AB > ledger; cat ledger; echo
        tail -c 2 ledger; echo
        printf Y > plan; echo "write to plan $?"
        dd if=/dev/zero of=ledger bs=16 count=1 2>&1 | grep -o 'No space.*'
        cat secret || echo no secret
        ls -d /cap/* ; mkdir here || echo no directory; rm ledger || echo not removed
        """;
    share("plan", "0123456789", "*", SharedMemory.Access.READ);
    share("ledger", "0123456789", "reader", SharedMemory.Access.READ_WRITE);
    share("secret", "0123456789", "another", SharedMemory.Access.READ_WRITE);
    Path scratch = TestPaths.scratch("cap");
    CvmConfiguration reader =
        CvmConfiguration.builder("/bin/sh")
            .arguments(List.of("-c", script))
            .hostname("reader")
            .standardOutput(StandardStream.hostFile(scratch.resolve("output")))
            .standardError(StandardStream.hostFile(scratch.resolve("error")))
            .build();
    try (Cvm cvm = ConfinedRun.capVm().start(reader)) {
      assertThat(cvm.waitFor(LIMIT)).isPresent();
    }
    assertThat(Files.readString(scratch.resolve("output")))
        .isEqualTo(
            """
            ledger
            plan
            plan 10 -r--r--r--
            ledger 10 -rw-rw-rw-
            0123456789
            012X456789
            AB2X456789
            89
            write to plan 2
            No space left on device
            no secret
            /cap/shared
            no directory
            not removed
            """);
  }

  private static void share(String name, String text, String cvm, SharedMemory.Access access) {
    byte[] content = text.getBytes(StandardCharsets.US_ASCII);
    ConfinedRun.capVm()
        .share(
            new SharedMemory(
                name, content.length, MemorySegment.ofArray(content), Map.of(cvm, access)));
  }

  private static final class Multiplication implements Callee {
    @Override
    public long call(long[] words, Invocation invocation) {
      return words[0] * words[1];
    }

    @Override
    public void ended() {
      // Holds nothing.
    }
  }

  private static CpCall openWhenThere(Compartment java, String name) throws InterruptedException {
    while (true) {
      try {
        return (CpCall) java.open(name);
      } catch (CapabilityException notYet) {
        assertThat(notYet.reason()).isEqualTo(Reason.UNKNOWN_NAME);
        Thread.sleep(5);
      }
    }
  }

  @Test
  void pythonTurnsFramesThatJavaHandsIt() throws Exception {
    Path scratch = TestPaths.scratch("frames");
    Path script = TestPaths.GUEST_SOURCES.resolve("python");
    CvmConfiguration configuration =
        CvmConfiguration.builder("/usr/bin/python3")
            .arguments(List.of("/script/frames.py", "studio/frames"))
            .environment("PYTHONPATH", "/binding")
            .environment("PYTHONDONTWRITEBYTECODE", "1")
            .mount(new HostMount(script, "/script", false))
            .mount(new HostMount(BINDING, "/binding", false))
            .hostname("mirror")
            .standardOutput(StandardStream.hostFile(scratch.resolve("output")))
            .standardError(StandardStream.hostFile(scratch.resolve("error")))
            .build();
    try (Compartment studio = ConfinedRun.capVm().newCompartment("studio");
        CpFile buffer = studio.allocate("frames", HEADER_BYTES + FRAME_BYTES, Permissions.ALL)) {
      buffer.grant("mirror", Permissions.READ | Permissions.WRITE | Permissions.NOTIFY);
      try (Cvm cvm = ConfinedRun.capVm().start(configuration)) {
        Random random = new Random(1);
        for (int turn = 0; turn < 40; turn += 2) {
          byte[] frame = new byte[1 + random.nextInt(FRAME_BYTES)];
          random.nextBytes(frame);
          buffer.write(HEADER_BYTES, MemorySegment.ofArray(frame));
          hand(buffer, turn + 1, frame.length);
          awaitTurn(buffer, turn + 2);
          byte[] turned = new byte[frame.length];
          buffer.read(HEADER_BYTES, MemorySegment.ofArray(turned));
          for (int i = 0; i < frame.length; i++) {
            if (turned[i] != frame[frame.length - 1 - i]) {
              throw new AssertionError("byte " + i + " of frame " + turn);
            }
          }
        }
        hand(buffer, 41, -1);
        ExitStatus end = cvm.waitFor(LIMIT).orElseThrow();
        assertThat(Files.readString(scratch.resolve("error"))).isEmpty();
        assertThat(end.shellStatus()).isZero();
        assertThat(Files.readString(scratch.resolve("output"), StandardCharsets.UTF_8))
            .isEqualTo("refused: Numerical result out of range\n");
      }
    }
  }

  /** First the length, then the turn, which the other side waits for. */
  private static void hand(CpFile buffer, int turn, int length) {
    buffer.write(4, word(length));
    buffer.write(0, word(turn));
    buffer.notifyWaiters(0, 1);
  }

  private static MemorySegment word(int value) {
    MemorySegment word = MemorySegment.ofArray(new int[1]);
    word.set(ValueLayout.JAVA_INT, 0, value);
    return word;
  }

  private static void awaitTurn(CpFile buffer, int turn) throws InterruptedException {
    try {
      buffer.await(0, turn - 1, LIMIT);
    } catch (CapabilityException changed) {
      assertThat(changed.reason()).isEqualTo(Reason.VALUE_CHANGED);
    }
    MemorySegment word = word(0);
    buffer.read(0, word);
    assertThat(word.get(ValueLayout.JAVA_INT, 0)).isEqualTo(turn);
  }
}
