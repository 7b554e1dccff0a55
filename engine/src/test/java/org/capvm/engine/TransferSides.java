package org.capvm.engine;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.capvm.image.HostMount;

/**
 * A JVM whose cVMs another process stops and kills, by lines on its standard input. Each has one
 * line as its answer, which may be late, so that a thread that is stopped keeps no other command
 * waiting:
 *
 * <pre>
 * start SIDE HOSTNAME OUTPUT PROGRAM ARGUMENT...   started SIDE
 * kill SIDE                                        killed SIDE
 * end SIDE                                         ended SIDE STATUS
 * resources                                        resources THREADS DESCRIPTORS MAPPINGS
 * </pre>
 *
 * <p>All threads of a side's tasks are in a thread group of the side's name. Ends with its input.
 */
final class TransferSides {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final CapVm capVm;
  private final PrintStream answers;
  private final Map<String, Cvm> sides = new ConcurrentHashMap<>();

  private TransferSides(CapVm capVm, PrintStream answers) {
    this.capVm = capVm;
    this.answers = answers;
  }

  /**
   * Runs until the end of the standard input.
   *
   * @param arguments none
   */
  public static void main(String[] arguments) throws IOException {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    try (CapVm capVm = CapVm.open();
        BufferedReader commands =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      TransferSides sides = new TransferSides(capVm, answers);
      for (String line = commands.readLine(); line != null; line = commands.readLine()) {
        String[] words = line.split(" ");
        Thread.ofPlatform().start(() -> sides.carryOut(words));
      }
      sides.sides.values().forEach(Cvm::close);
    }
  }

  private void carryOut(String[] words) {
    String side = words.length > 1 ? words[1] : "";
    try {
      String answer =
          switch (words[0]) {
            case "start" -> start(side, words);
            case "kill" -> kill(side);
            case "end" -> end(side);
            case "resources" -> resources();
            default -> "unknown";
          };
      answers.println(answer);
    } catch (IOException | InterruptedException | RuntimeException failure) {
      answers.println("failed " + String.join(" ", words) + ": " + failure);
    }
  }

  private String start(String side, String[] words) throws InterruptedException {
    List<String> arguments = Arrays.asList(words).subList(5, words.length);
    Path program = Path.of(words[4]);
    CvmConfiguration.Builder builder =
        CvmConfiguration.builder(program.toString())
            .arguments(arguments)
            .mount(new HostMount(program.getParent(), program.getParent().toString(), false))
            .hostname(words[2])
            .standardInput(StandardStream.discarded())
            .standardOutput(StandardStream.hostFile(Path.of(words[3])))
            .standardError(StandardStream.hostFile(Path.of(words[3] + ".error")));
    if (!words[2].equals(KilledTransfersTest.OWNER)) {
      builder.link(KilledTransfersTest.LINK).link(KilledTransfersTest.UNIX_LINK);
    }
    Thread starter =
        new Thread(new ThreadGroup(side), () -> sides.put(side, capVm.start(builder.build())));
    starter.start();
    starter.join();
    return "started " + side;
  }

  private String kill(String side) {
    sides.get(side).kill();
    return "killed " + side;
  }

  private String end(String side) throws InterruptedException {
    Cvm ended = sides.get(side);
    String status =
        ended.waitFor(LIMIT).map(each -> Integer.toString(each.shellStatus())).orElse("never");
    ended.close();
    return "ended " + side + " " + status;
  }

  private static String resources() throws IOException {
    HostResources now = HostResources.now();
    return "resources " + now.threads() + " " + now.descriptors() + " " + now.mappings();
  }
}
