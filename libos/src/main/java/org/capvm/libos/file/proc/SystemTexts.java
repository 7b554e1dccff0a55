package org.capvm.libos.file.proc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Process;

/** The texts of {@code /proc} about the system as a whole, which for a guest is its cVM. */
final class SystemTexts {
  static final String SYSTEM_NAME = "Linux";

  /** What {@code uname} says too. */
  static final String RELEASE = "6.1.0";

  static final String VERSION = "#1 SMP PREEMPT_DYNAMIC CapVM";

  private static final long KIB = 1024;
  private static final double NANOS = 1e9;
  private static final long NANOS_PER_TICK = 10_000_000;

  /** Extensions that translated code cannot use, by the beginnings of their names in cpuinfo. */
  private static final List<String> UNTRANSLATED =
      List.of("avx512", "amx", "hle", "rtm", "pku", "ospke", "user_shstk", "ibt", "vmx", "svm");

  private final LibraryOs libraryOs;

  SystemTexts(LibraryOs libraryOs) {
    this.libraryOs = libraryOs;
  }

  private int processors() {
    return libraryOs.processorRoom().visible().count();
  }

  /** The host's description of as many processors as there are, without what guests cannot use. */
  String cpuInfo() {
    StringBuilder text = new StringBuilder();
    int processor = -1;
    for (String line : hostLines("/proc/cpuinfo")) {
      if (line.startsWith("processor") && ++processor >= processors()) {
        break;
      }
      text.append(line.startsWith("flags") ? usableFlags(line) : line).append('\n');
    }
    return text.toString();
  }

  private static String usableFlags(String line) {
    int colon = line.indexOf(':');
    List<String> usable = new ArrayList<>();
    for (String flag : line.substring(colon + 1).strip().split(" ", -1)) {
      if (UNTRANSLATED.stream().noneMatch(flag::startsWith)) {
        usable.add(flag);
      }
    }
    return line.substring(0, colon + 2) + String.join(" ", usable);
  }

  private static List<String> hostLines(String path) {
    try {
      return Files.readAllLines(Path.of(path));
    } catch (IOException unreadable) {
      return List.of();
    }
  }

  private static long hostKib(List<String> memoryInfo, String name) {
    for (String line : memoryInfo) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  /** The smaller of what the host has and what the cVM may take. */
  String memoryInfo() {
    List<String> host = hostLines("/proc/meminfo");
    MemoryLimit limit = libraryOs.memoryLimit();
    long total = Math.min(hostKib(host, "MemTotal"), limit.limitBytes() / KIB);
    long used = Math.min(total, limit.usedBytes() / KIB);
    long free = Math.min(hostKib(host, "MemAvailable"), total - used);
    StringBuilder text = new StringBuilder();
    kib(text, "MemTotal", total);
    kib(text, "MemFree", free);
    kib(text, "MemAvailable", free);
    for (String name : List.of("Buffers", "Cached", "SwapCached", "Active", "Inactive")) {
      kib(text, name, 0);
    }
    kib(text, "SwapTotal", 0);
    kib(text, "SwapFree", 0);
    kib(text, "Dirty", 0);
    kib(text, "Writeback", 0);
    kib(text, "AnonPages", used);
    kib(text, "Mapped", 0);
    kib(text, "Shmem", 0);
    kib(text, "Slab", 0);
    kib(text, "CommitLimit", total);
    kib(text, "Committed_AS", used);
    text.append("HugePages_Total:       0\n");
    text.append("HugePages_Free:        0\n");
    kib(text, "Hugepagesize", 2048);
    return text.toString();
  }

  private static void kib(StringBuilder text, String name, long count) {
    text.append(String.format("%-15s%9d kB%n", name + ":", count));
  }

  private long cpuNanos() {
    long total = 0;
    for (Process process : libraryOs.processes().processes()) {
      total += process.cpuNanos();
    }
    return total;
  }

  private long upNanos() {
    return System.nanoTime() - libraryOs.startNanos();
  }

  String stat() {
    long busy = cpuNanos() / NANOS_PER_TICK;
    long idle = Math.max(0, processors() * upNanos() / NANOS_PER_TICK - busy);
    StringBuilder text = new StringBuilder();
    text.append("cpu  ").append(busy).append(" 0 0 ").append(idle).append(" 0 0 0 0 0 0\n");
    for (int i = 0; i < processors(); i++) {
      text.append("cpu").append(i).append(' ').append(busy / processors()).append(" 0 0 ");
      text.append(idle / processors()).append(" 0 0 0 0 0 0\n");
    }
    long bootSeconds = (System.currentTimeMillis() * 1_000_000 - upNanos()) / 1_000_000_000;
    text.append("intr 0\nctxt 0\nbtime ").append(bootSeconds).append('\n');
    text.append("processes ").append(libraryOs.processes().processes().size());
    text.append("\nprocs_running 1\nprocs_blocked 0\n");
    return text.toString();
  }

  String uptime() {
    double up = upNanos() / NANOS;
    double idle = Math.max(0, up * processors() - cpuNanos() / NANOS);
    return String.format("%.2f %.2f%n", up, idle);
  }

  String loadAverage() {
    int count = libraryOs.processes().processes().size();
    return "0.00 0.00 0.00 1/" + count + " " + count + "\n";
  }

  String version() {
    return SYSTEM_NAME + " version " + RELEASE + " (capvm) " + VERSION + "\n";
  }

  String fileSystems() {
    return """
    nodev\tsysfs
    nodev\ttmpfs
    nodev\tproc
    nodev\tdevtmpfs
    nodev\toverlay
    """;
  }

  String devices() {
    return """
    Character devices:
      1 mem
      5 /dev/tty
      5 /dev/console

    Block devices:
    """;
  }

  String virtualMemory() {
    return """
    nr_free_pages 0
    pgfault 0
    pgmajfault 0
    pswpin 0
    pswpout 0
    thp_fault_alloc 0
    """;
  }
}
