package org.capvm.cli;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.capvm.engine.CapVmException;
import org.capvm.engine.ProgramNotStartedException;
import org.capvm.engine.RunningProgram;
import org.capvm.engine.StandardStream;

/** Answers {@link ControlClient}s, each on a thread of its own. */
final class ControlServer {
  private static final int MOST_WORDS = 4096;
  private static final int SIGHUP = 1;

  private final Deployment deployment;

  ControlServer(Deployment deployment) {
    this.deployment = deployment;
  }

  /** Answers until the socket is closed. */
  void serve(ServerSocketChannel socket) {
    try {
      while (true) {
        SocketChannel client = socket.accept();
        Thread.ofPlatform().daemon().name("control").start(() -> answer(client));
      }
    } catch (IOException closed) {
      // The cVMs have ended, and so does this.
    }
  }

  private void answer(SocketChannel client) {
    try (client) {
      DataInputStream request = new DataInputStream(Channels.newInputStream(client));
      DataOutputStream answer = new DataOutputStream(Channels.newOutputStream(client));
      int count = request.readInt();
      if (count < 1 || count > MOST_WORDS) {
        throw new IOException("not a request");
      }
      List<String> words = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        words.add(request.readUTF());
      }
      end(answer, status(words, request, answer));
    } catch (IOException gone) {
      // Nobody is there to be told.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int status(List<String> words, DataInputStream request, DataOutputStream answer)
      throws IOException, InterruptedException {
    List<String> arguments = words.subList(1, words.size());
    try {
      return switch (words.getFirst()) {
        case "ps" -> list(answer);
        case "logs" -> logs(arguments, request, answer);
        case "exec" -> exec(arguments, request);
        case "down" -> {
          deployment.stop();
          yield 0;
        }
        case "ready" -> {
          deployment.awaitReady();
          yield 0;
        }
        default -> throw new ComposeException("unknown request: " + words.getFirst());
      };
    } catch (ProgramNotStartedException failure) {
      send(answer, ControlClient.ERROR, "cvm: " + failure.getMessage());
      return failure.reason().shellStatus();
    } catch (CapVmException | ComposeException failure) {
      send(answer, ControlClient.ERROR, "cvm: " + failure.getMessage());
      return Main.FAILURE;
    }
  }

  private int list(DataOutputStream answer) throws IOException {
    for (RunningService service : deployment.services()) {
      send(answer, ControlClient.LINE, "%-20s %s".formatted(service.name(), service.state()));
    }
    return 0;
  }

  /** The first argument says whether to follow; a second one names the cVM. */
  private int logs(List<String> arguments, DataInputStream request, DataOutputStream answer)
      throws IOException {
    boolean follow = arguments.getFirst().equals("follow");
    List<RunningService> services =
        arguments.size() > 1
            ? List.of(deployment.service(arguments.get(1)))
            : deployment.services();
    for (RunningService service : services) {
      String prefix = services.size() > 1 ? service.name() + " | " : "";
      if (!follow) {
        for (String line : service.log().lines()) {
          send(answer, ControlClient.LINE, prefix + line);
        }
      }
    }
    if (follow) {
      follow(services, request, answer);
    }
    return 0;
  }

  private static void follow(
      List<RunningService> services, DataInputStream request, DataOutputStream answer)
      throws IOException {
    List<Consumer<String>> listeners = new ArrayList<>();
    for (RunningService service : services) {
      String prefix = services.size() > 1 ? service.name() + " | " : "";
      Consumer<String> listener =
          line -> {
            try {
              send(answer, ControlClient.LINE, prefix + line);
            } catch (IOException gone) {
              // The read below ends as well.
            }
          };
      listeners.add(listener);
      service.log().follow(listener);
    }
    try {
      request.readInt();
    } finally {
      for (int i = 0; i < services.size(); i++) {
        services.get(i).log().unfollow(listeners.get(i));
      }
    }
  }

  /**
   * Arguments: the cVM, the host's id of the process whose streams are used, program, arguments.
   */
  private int exec(List<String> arguments, DataInputStream request) throws InterruptedException {
    long client = Long.parseLong(arguments.get(1));
    try (RunningProgram program =
        deployment
            .service(arguments.getFirst())
            .exec(
                arguments.subList(2, arguments.size()),
                new StandardStream.OfProcess(client, 0),
                new StandardStream.OfProcess(client, 1),
                new StandardStream.OfProcess(client, 2))) {
      CountDownLatch over = new CountDownLatch(1);
      Thread.ofPlatform()
          .daemon()
          .name("control-signals")
          .start(
              () -> {
                try {
                  while (over.getCount() > 0) {
                    program.signal(request.readInt());
                  }
                } catch (IOException gone) {
                  if (over.getCount() > 0) {
                    program.signal(SIGHUP);
                  }
                }
              });
      int status = program.waitFor().shellStatus();
      over.countDown();
      return status;
    }
  }

  private static void send(DataOutputStream answer, int kind, String text) throws IOException {
    synchronized (answer) {
      answer.writeByte(kind);
      answer.writeUTF(text);
    }
  }

  private static void end(DataOutputStream answer, int status) throws IOException {
    synchronized (answer) {
      answer.writeByte(ControlClient.END);
      answer.writeInt(status);
    }
  }
}
