package org.capvm.monitor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.capvm.machine.error.HostException;
import org.capvm.machine.host.ThreadLocalBlock;
import org.capvm.machine.layout.SlotLayout;
import org.capvm.monitor.memory.SlotAllocator;

/** Whether this machine has what the gates and slots are built on. */
final class PlatformCheck {
  /** Processor features that gate code uses, by the kernel's name, with the instructions meant. */
  private static final Map<String, String> FEATURES =
      new TreeMap<>(
          Map.of(
              "avx", "vmovdqu of 256-bit registers",
              "xsave", "xsave and xrstor",
              "lahf_lm", "sahf in 64-bit mode"));

  private PlatformCheck() {}

  /**
   * Checks what can be known before anything is set up.
   *
   * @throws PlatformException if something is missing
   */
  static void beforeStart() {
    if (!System.getProperty("os.name").equals("Linux")
        || !System.getProperty("os.arch").equals("amd64")) {
      throw new PlatformException(
          "CapVM needs Linux on x86-64; this is "
              + System.getProperty("os.name")
              + " on "
              + System.getProperty("os.arch"));
    }
    try {
      ThreadLocalBlock.distance();
    } catch (IllegalArgumentException noRoom) {
      throw new PlatformException(
          "CapVM needs room in the C library's static thread-local storage (set GLIBC_TUNABLES to"
              + " glibc.rtld.optional_static_tls=2048): "
              + noRoom.getMessage(),
          noRoom);
    }
    List<String> flags = processorFlags();
    FEATURES.forEach(
        (feature, use) -> {
          if (!flags.contains(feature)) {
            throw new PlatformException(
                "CapVM needs the processor feature " + feature + " (" + use + ")");
          }
        });
  }

  /**
   * Checks that there is address space for guests.
   *
   * @throws PlatformException if not even one slot can be reserved
   */
  static void addressSpace(SlotAllocator slots) {
    try {
      slots.allocate().close();
    } catch (HostException refused) {
      throw new PlatformException(
          "CapVM needs "
              + (SlotLayout.RESERVED_BYTES >> 30)
              + " GiB of address space for each cVM and cannot reserve it (check ulimit -v, and"
              + " vm.overcommit_memory, which is "
              + overcommit()
              + "): "
              + refused.getMessage(),
          refused);
    }
  }

  private static List<String> processorFlags() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> Arrays.asList(line.substring(line.indexOf(':') + 1).strip().split(" ")))
          .orElse(List.of());
    } catch (IOException unreadable) {
      throw new PlatformException("CapVM cannot read /proc/cpuinfo", unreadable);
    }
  }

  private static String overcommit() {
    try {
      return Files.readString(Path.of("/proc/sys/vm/overcommit_memory")).strip();
    } catch (IOException unreadable) {
      return "not readable";
    }
  }
}
