package org.capvm.cli;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Asks the JVM that runs a file's cVMs for something.
 *
 * <p>The request is a count and so many strings, each an int, its length in bytes, and UTF-8; then
 * each int is a signal for the program that {@code exec} started. The answer is frames of a byte
 * and a value: {@link #LINE} and a string ({@link DataOutputStream#writeUTF}), {@link #ERROR} and a
 * string, {@link #END} and an int, the exit status, which is the last one.
 */
final class ControlClient {
  static final int LINE = 'o';
  static final int ERROR = 'e';
  static final int END = 'x';

  private ControlClient() {}

  /**
   * Makes one request and prints the answer.
   *
   * @return the exit status
   */
  static int ask(ControlSocket control, List<String> words, PrintWriter output, PrintWriter error)
      throws IOException {
    try (SocketChannel channel = control.connect()) {
      OutputStream stream = Channels.newOutputStream(channel);
      stream.write(encoded(words));
      DataOutputStream request = new DataOutputStream(stream);
      TerminalSignals.forward(
          signal -> {
            try {
              request.writeInt(signal);
            } catch (IOException gone) {
              Runtime.getRuntime().halt(Main.FAILURE);
            }
          });
      return print(new DataInputStream(Channels.newInputStream(channel)), output, error);
    }
  }

  private static byte[] encoded(List<String> words) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream request = new DataOutputStream(bytes);
    request.writeInt(words.size());
    for (String word : words) {
      byte[] text = word.getBytes(StandardCharsets.UTF_8);
      request.writeInt(text.length);
      request.write(text);
    }
    return bytes.toByteArray();
  }

  private static int print(DataInputStream answer, PrintWriter output, PrintWriter error)
      throws IOException {
    try {
      while (true) {
        int kind = answer.readByte();
        if (kind == END) {
          return answer.readInt();
        }
        PrintWriter to = kind == LINE ? output : error;
        to.println(answer.readUTF());
        to.flush();
      }
    } catch (EOFException gone) {
      error.println("cvm: the JVM of the cVMs ended");
      return Main.FAILURE;
    }
  }
}
