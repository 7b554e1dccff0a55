package org.capvm.cli;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.capvm.engine.PortMapping;
import org.capvm.engine.Publication;
import org.capvm.engine.SocketMapping;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Reads {@code [ADDR:]HOSTPORT:PORT}, where an IPv6 address stands in brackets, and {@code
 * HOSTPATH:PATH} or {@code HOSTPATH:@NAME} for an AF_UNIX socket.
 */
final class PublicationConverter implements ITypeConverter<Publication> {
  private static final String LOOPBACK = "127.0.0.1";
  private static final int LAST_PORT = 65535;

  private final Path directory;

  /** Relative host paths start at the current directory. */
  PublicationConverter() {
    this(Path.of(""));
  }

  /**
   * @param directory where relative host paths start
   */
  PublicationConverter(Path directory) {
    this.directory = directory;
  }

  @Override
  public Publication convert(String text) {
    int last = text.lastIndexOf(':');
    if (last < 1) {
      throw malformed(text);
    }
    String inside = text.substring(last + 1);
    try {
      return inside.startsWith("/") || inside.startsWith("@")
          ? new SocketMapping(directory.resolve(text.substring(0, last)), inside)
          : port(text, last);
    } catch (IllegalArgumentException refusal) {
      throw new TypeConversionException(refusal.getMessage() + " in " + text);
    }
  }

  private static PortMapping port(String text, int last) {
    int middle = text.lastIndexOf(':', last - 1);
    String address = middle < 0 ? LOOPBACK : text.substring(0, middle);
    if (address.startsWith("[") && address.endsWith("]")) {
      address = address.substring(1, address.length() - 1);
    }
    if (address.isEmpty()) {
      throw malformed(text);
    }
    int hostPort = port(text, text.substring(middle + 1, last));
    int guestPort = port(text, text.substring(last + 1));
    return new PortMapping(new InetSocketAddress(address, hostPort), guestPort);
  }

  private static int port(String text, String digits) {
    try {
      int port = Integer.parseInt(digits);
      if (port >= 0 && port <= LAST_PORT) {
        return port;
      }
    } catch (NumberFormatException e) {
      throw malformed(text);
    }
    throw malformed(text);
  }

  private static TypeConversionException malformed(String text) {
    return new TypeConversionException(
        "not a published port: "
            + text
            + " (write HOSTPORT:PORT, ADDRESS:HOSTPORT:PORT or HOSTPATH:PATH)");
  }
}
