package org.capvm.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Passes signals sent to the JVM process on, instead of letting the JVM end.
 *
 * <p>The JDK has no supported interface for this; {@code sun.misc.Signal} of module {@code
 * jdk.unsupported} is used by reflection, because the compiler's warning about it cannot be
 * suppressed. The JVM keeps SIGQUIT (thread dump) for itself, and Ctrl-Z stops the whole process,
 * guests included, as it should.
 */
final class TerminalSignals {
  private static final Map<String, Integer> NUMBERS =
      Map.of("HUP", 1, "INT", 2, "USR1", 10, "TERM", 15, "WINCH", 28);

  private TerminalSignals() {}

  /**
   * Sends each signal the process gets from now on to a receiver, on a thread of the JVM's.
   *
   * @param receiver takes Linux's number of the signal
   */
  static void forward(IntConsumer receiver) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      for (Map.Entry<String, Integer> entry : NUMBERS.entrySet()) {
        InvocationHandler pass =
            (proxy, method, arguments) -> {
              if (method.getName().equals("handle")) {
                receiver.accept(entry.getValue());
              }
              return null;
            };
        Object passing =
            Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, pass);
        signal
            .getMethod("handle", signal, handler)
            .invoke(null, signal.getConstructor(String.class).newInstance(entry.getKey()), passing);
      }
    } catch (ReflectiveOperationException failure) {
      Throwable cause = failure instanceof InvocationTargetException ? failure.getCause() : failure;
      throw new IllegalStateException("signals cannot be passed on to the guest: " + cause, cause);
    }
  }
}
