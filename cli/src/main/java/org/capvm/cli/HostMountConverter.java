package org.capvm.cli;

import java.nio.file.Path;
import org.capvm.image.HostMount;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code HOST:GUEST[:ro|rw]}; a relative host path starts at the current directory. */
final class HostMountConverter implements ITypeConverter<HostMount> {
  @Override
  public HostMount convert(String text) {
    String[] parts = text.split(":", -1);
    boolean formed = parts.length == 2 || parts.length == 3;
    if (!formed || parts[0].isEmpty() || !parts[1].startsWith("/")) {
      throw new TypeConversionException(
          "not a mount: "
              + text
              + " (write HOST:GUEST, HOST:GUEST:ro or HOST:GUEST:rw, GUEST absolute)");
    }
    boolean writable =
        switch (parts.length == 3 ? parts[2] : "rw") {
          case "ro" -> false;
          case "rw" -> true;
          default ->
              throw new TypeConversionException(
                  "not a way to mount: " + parts[2] + " in " + text + " (write ro or rw)");
        };
    return new HostMount(Path.of(parts[0]).toAbsolutePath().normalize(), parts[1], writable);
  }
}
