package org.capvm.cli;

import org.capvm.engine.Network;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads what a cVM reaches. */
final class NetworkConverter implements ITypeConverter<Network> {
  @Override
  public Network convert(String text) {
    return switch (text) {
      case "none" -> Network.NONE;
      case "private" -> Network.PRIVATE;
      case "host" -> Network.HOST;
      default ->
          throw new TypeConversionException(
              "not a kind of network: " + text + " (write none, private or host)");
    };
  }
}
