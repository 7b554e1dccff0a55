package org.capvm.cli;

import java.net.InetSocketAddress;
import org.capvm.engine.PortMapping;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code [ADDR:]HOSTPORT:PORT}; an IPv6 address stands in brackets. */
final class PortMappingConverter implements ITypeConverter<PortMapping> {
  private static final String LOOPBACK = "127.0.0.1";
  private static final int LAST_PORT = 65535;

  @Override
  public PortMapping convert(String text) {
    int last = text.lastIndexOf(':');
    int middle = text.lastIndexOf(':', last - 1);
    if (last < 1) {
      throw malformed(text);
    }
    String address = middle < 0 ? LOOPBACK : text.substring(0, middle);
    if (address.startsWith("[") && address.endsWith("]")) {
      address = address.substring(1, address.length() - 1);
    }
    if (address.isEmpty()) {
      throw malformed(text);
    }
    int hostPort = port(text, text.substring(middle + 1, last));
    int guestPort = port(text, text.substring(last + 1));
    try {
      return new PortMapping(new InetSocketAddress(address, hostPort), guestPort);
    } catch (IllegalArgumentException refusal) {
      throw new TypeConversionException(refusal.getMessage() + " in " + text);
    }
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
        "not a published port: " + text + " (write HOSTPORT:PORT or ADDRESS:HOSTPORT:PORT)");
  }
}
