package org.capvm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jdi.AbsentInformationException;
import com.sun.jdi.Bootstrap;
import com.sun.jdi.Location;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector.Argument;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.EventRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The JVM of {@link TransferSides} with a debugger at it, which stops single threads at lines of
 * Java.
 *
 * <p>Used by one thread.
 */
final class StoppedJvm {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String NATIVE_ACCESS =
      "org.capvm.machine,org.capvm.monitor,org.capvm.libos,org.capvm.image,org.capvm.engine";
  private static final String LISTENING = "Listening for transport dt_socket at address: ";

  /** A thread of a side at a line, until {@link #goOn}. */
  record Stop(ThreadReference thread, EventSet events) {
    void goOn() {
      events.resume();
    }
  }

  private final Process process;
  private final PrintStream commands;
  private final List<String> answers = new ArrayList<>();
  private final VirtualMachine machine;

  private StoppedJvm(Process process, BufferedReader output) throws IOException {
    this.process = process;
    commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    String first = output.readLine();
    assertThat(first).startsWith(LISTENING);
    Thread.ofPlatform().daemon().start(() -> output.lines().forEach(this::answered));
    machine = attach(first.substring(LISTENING.length()));
  }

  static StoppedJvm start() throws IOException {
    String java = System.getProperty("java.home") + "/bin/java";
    List<String> command =
        List.of(
            java,
            "-XX:+UseSerialGC",
            "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0",
            "--enable-native-access=" + NATIVE_ACCESS,
            "--module-path",
            System.getProperty("jdk.module.path"),
            "--patch-module",
            "org.capvm.engine=" + TestPaths.TEST_CLASSES,
            "--module",
            "org.capvm.engine/" + TransferSides.class.getName());
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    return new StoppedJvm(process, process.inputReader(StandardCharsets.UTF_8));
  }

  private static VirtualMachine attach(String port) throws IOException {
    AttachingConnector connector =
        Bootstrap.virtualMachineManager().attachingConnectors().stream()
            .filter(each -> each.name().equals("com.sun.jdi.SocketAttach"))
            .findFirst()
            .orElseThrow();
    Map<String, Argument> arguments = connector.defaultArguments();
    arguments.get("hostname").setValue("127.0.0.1");
    arguments.get("port").setValue(port);
    try {
      return connector.attach(arguments);
    } catch (IllegalConnectorArgumentsException e) {
      throw new IOException(e);
    }
  }

  /** Its process. */
  long pid() {
    return process.pid();
  }

  // ---- commands

  /** Gives a command of {@link TransferSides}, and does not wait for its answer. */
  void tell(String command) {
    commands.println(command);
  }

  private void answered(String line) {
    synchronized (answers) {
      answers.add(line);
      answers.notifyAll();
    }
  }

  /** Takes the answer that begins so; null if it is not there in time. */
  String answer(String start, Duration longest) throws InterruptedException {
    long end = System.nanoTime() + longest.toNanos();
    synchronized (answers) {
      while (true) {
        for (String line : answers) {
          assertThat(line).doesNotStartWith("failed");
          if (line.startsWith(start)) {
            answers.remove(line);
            return line;
          }
        }
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          return null;
        }
        answers.wait(left);
      }
    }
  }

  /** Takes the answer that begins so, which must come. */
  String answer(String start) throws InterruptedException {
    String line = answer(start, LIMIT);
    assertThat(line).as("answer \"%s\"", start).isNotNull();
    return line;
  }

  // ---- stops

  /** The lines of all loaded types that are wanted. */
  List<Location> lines(Predicate<String> typeName) {
    List<Location> lines = new ArrayList<>();
    for (ReferenceType type : machine.allClasses()) {
      if (typeName.test(type.name())) {
        try {
          lines.addAll(type.allLineLocations());
        } catch (AbsentInformationException none) {
          // Nothing but declarations, or code without source.
        }
      }
    }
    return lines;
  }

  /** Makes threads stop at a line from now on; to be taken with {@link #nextStop}. */
  BreakpointRequest stopAt(Location line) {
    BreakpointRequest request = machine.eventRequestManager().createBreakpointRequest(line);
    request.setSuspendPolicy(EventRequest.SUSPEND_EVENT_THREAD);
    request.enable();
    return request;
  }

  /** Lets threads pass again, those too that have stopped there and were not taken. */
  void passAgain(Collection<BreakpointRequest> requests) throws InterruptedException {
    requests.forEach(EventRequest::disable);
    for (Stop late = nextStop(Duration.ZERO); late != null; late = nextStop(Duration.ZERO)) {
      late.goOn();
    }
  }

  /** The next thread that stops; null if none does in time. */
  Stop nextStop(Duration longest) throws InterruptedException {
    long end = System.nanoTime() + longest.toNanos();
    while (true) {
      long left = Math.max(1, (end - System.nanoTime()) / 1_000_000);
      EventSet events = machine.eventQueue().remove(left);
      if (events == null) {
        return null;
      }
      for (Event event : events) {
        if (event instanceof BreakpointEvent stop) {
          return new Stop(stop.thread(), events);
        }
      }
      events.resume();
    }
  }

  /** The line at which a thread has stopped. */
  static Location line(Stop stop) {
    for (Event event : stop.events()) {
      if (event instanceof BreakpointEvent at) {
        return at.location();
      }
    }
    throw new AssertionError("no breakpoint in " + stop.events());
  }

  /** The side whose task it is; empty for a thread that runs no task. */
  static String side(Stop stop) {
    ThreadReference thread = stop.thread();
    return thread.name().startsWith("task") ? thread.threadGroup().name() : "";
  }

  /** Ends its input, and waits until it has ended. */
  void end() throws InterruptedException {
    commands.close();
    boolean ended = process.waitFor(LIMIT);
    process.destroyForcibly();
    assertThat(ended).as("the JVM ended").isTrue();
  }
}
