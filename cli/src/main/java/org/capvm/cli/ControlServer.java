package org.capvm.cli;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import org.capvm.engine.CapVmException;
import org.capvm.engine.DescriptorSocket;
import org.capvm.engine.ProgramNotStartedException;
import org.capvm.engine.RunningProgram;
import org.capvm.engine.StandardStream;

/** Answers {@link ControlClient}s, each on a thread of its own. */
final class ControlServer implements AutoCloseable {
  /**
   * The most that the words of a request take, their lengths included: above what execve(2) takes,
   * and so above what a client was itself started with.
   */
  private static final int MOST_BYTES = 8 << 20;

  private static final int SIGHUP = 1;

  /** How long the end waits for clients to take their answers. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  private final Deployment deployment;
  private final DescriptorSocket streams;
  private final Map<Thread, SocketChannel> answering = new ConcurrentHashMap<>();

  /**
   * Makes one.
   *
   * @param streams where clients of {@code exec} send theirs
   */
  ControlServer(Deployment deployment, DescriptorSocket streams) {
    this.deployment = deployment;
    this.streams = streams;
  }

  /** Answers until the socket is closed. */
  void serve(ServerSocketChannel socket) {
    try {
      while (true) {
        SocketChannel client = socket.accept();
        Thread thread =
            Thread.ofPlatform().daemon().name("control").unstarted(() -> answer(client));
        answering.put(thread, client);
        thread.start();
      }
    } catch (IOException closed) {
      // The cVMs have ended, and so does this.
    }
  }

  private void answer(SocketChannel client) {
    try (client) {
      DataInputStream request = new DataInputStream(Channels.newInputStream(client));
      DataOutputStream answer = new DataOutputStream(Channels.newOutputStream(client));
      end(answer, status(words(request), request, answer));
    } catch (IOException gone) {
      // Nobody is there to be told.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      answering.remove(Thread.currentThread());
    }
  }

  private static List<String> words(DataInputStream request) throws IOException {
    int count = request.readInt();
    int left = MOST_BYTES;
    if (count < 1) {
      throw new IOException("not a request");
    }
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int length = request.readInt();
      left -= Integer.BYTES;
      if (length < 0 || length > left) {
        throw new IOException("not a request");
      }
      left -= length;
      words.add(new String(request.readNBytes(length), StandardCharsets.UTF_8));
    }
    return words;
  }

  /** Waits for answers that are under way; the cVMs have ended. */
  @Override
  public void close() throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (Map.Entry<Thread, SocketChannel> each : answering.entrySet()) {
      try {
        // Whoever only reads on ends the request by that.
        each.getValue().shutdownInput();
      } catch (ClosedChannelException answered) {
        continue;
      }
      try {
        each.getKey().join(Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
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
      throws IOException, InterruptedException {
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

  /** A thread for each cVM: one that a client does not read on from keeps nobody else waiting. */
  private static void follow(
      List<RunningService> services, DataInputStream request, DataOutputStream answer)
      throws IOException, InterruptedException {
    List<Thread> followers = new ArrayList<>();
    for (RunningService service : services) {
      String prefix = services.size() > 1 ? service.name() + " | " : "";
      followers.add(
          Thread.ofPlatform()
              .daemon()
              .name("control-log")
              .start(() -> follow(service.log(), prefix, answer)));
    }
    try {
      if (request.read() >= 0) {
        throw new IOException("not a request");
      }
    } finally {
      followers.forEach(Thread::interrupt);
      for (Thread follower : followers) {
        follower.join();
      }
    }
  }

  private static void follow(LogBuffer log, String prefix, DataOutputStream answer) {
    try {
      long next = 0;
      while (true) {
        LogBuffer.Following following = log.after(next);
        if (following.skipped() > 0) {
          String note = "cvm: " + prefix + following.skipped() + " lines were overwritten unread";
          send(answer, ControlClient.ERROR, note);
        }
        for (String line : following.lines()) {
          send(answer, ControlClient.LINE, prefix + line);
        }
        next = following.next();
      }
    } catch (IOException | InterruptedException gone) {
      // Whoever started this thread ends the request.
    }
  }

  /** Arguments: the cVM, what the client's streams were sent with, program, arguments. */
  private int exec(List<String> arguments, DataInputStream request) throws InterruptedException {
    List<StandardStream> client =
        streams
            .take(Long.parseLong(arguments.get(1)))
            .orElseThrow(() -> new ComposeException("no standard streams were sent"));
    try (RunningProgram program =
        deployment
            .service(arguments.getFirst())
            .exec(
                arguments.subList(2, arguments.size()),
                client.get(0),
                client.get(1),
                client.get(2))) {
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
