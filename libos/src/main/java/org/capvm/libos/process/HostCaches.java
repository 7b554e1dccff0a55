package org.capvm.libos.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The host's caches as {@code /sys} describes them; programs size their copies by them. */
final class HostCaches {
  private static final Path DIRECTORY = Path.of("/sys/devices/system/cpu/cpu0/cache");

  /** What is reported where the host says nothing: a small processor of recent years. */
  private static final List<CpuModel.Cache> TYPICAL =
      List.of(
          new CpuModel.Cache(1, 1, 32 << 10, 64, 8, 1),
          new CpuModel.Cache(1, 2, 32 << 10, 64, 8, 1),
          new CpuModel.Cache(2, 3, 1 << 20, 64, 8, 1),
          new CpuModel.Cache(3, 3, 16 << 20, 64, 16, 1));

  private HostCaches() {}

  static List<CpuModel.Cache> read() {
    List<CpuModel.Cache> caches = new ArrayList<>();
    for (int index = 0; Files.isDirectory(DIRECTORY.resolve("index" + index)); index++) {
      Path directory = DIRECTORY.resolve("index" + index);
      try {
        caches.add(
            new CpuModel.Cache(
                Integer.parseInt(field(directory, "level")),
                kind(field(directory, "type")),
                size(field(directory, "size")),
                Integer.parseInt(field(directory, "coherency_line_size")),
                Integer.parseInt(field(directory, "ways_of_associativity")),
                1));
      } catch (IOException | NumberFormatException e) {
        return TYPICAL;
      }
    }
    return caches.isEmpty() ? TYPICAL : List.copyOf(caches);
  }

  private static String field(Path directory, String name) throws IOException {
    return Files.readString(directory.resolve(name)).strip();
  }

  private static int kind(String type) {
    return switch (type) {
      case "Data" -> 1;
      case "Instruction" -> 2;
      default -> 3;
    };
  }

  private static int size(String text) {
    int number = Integer.parseInt(text.substring(0, text.length() - 1));
    return text.endsWith("M") ? number << 20 : number << 10;
  }
}
