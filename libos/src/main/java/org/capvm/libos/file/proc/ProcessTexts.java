package org.capvm.libos.file.proc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.file.Caller;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.libos.memory.MemoryArea;
import org.capvm.libos.process.ControllingTerminal;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.Program;
import org.capvm.libos.process.Task;
import org.capvm.libos.processor.ProcessorSet;
import org.capvm.libos.signal.SignalState;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;

/** The texts of {@code /proc/PID}, in the forms of proc(5). Reads live state; nothing is kept. */
final class ProcessTexts {
  private static final long PAGE = 4096;
  private static final long KIB = 1024;
  private static final long NANOS_PER_TICK = 10_000_000;
  private static final int AUXILIARY_LIMIT = 64;

  private final Process process;
  private final Task task;

  /** The texts of a process, or of one task of it. */
  ProcessTexts(Process process, Task task) {
    this.process = process;
    this.task = task;
  }

  /** The task that stands for a process, or null for a zombie. */
  static Task leader(Process process) {
    List<Task> tasks = process.tasks();
    return tasks.isEmpty() ? null : tasks.get(0);
  }

  static String nameOf(Process process, Task task) {
    Task named = task != null ? task : leader(process);
    if (named != null) {
      return named.name();
    }
    Program program = process.program();
    return program == null ? "" : program.commandName();
  }

  private Task representative() {
    return task != null ? task : leader(process);
  }

  private int id() {
    return task == null ? process.id() : task.id();
  }

  private boolean isZombie() {
    return leader(process) == null;
  }

  private char state(Caller caller) {
    if (isZombie()) {
      return 'Z';
    }
    if (process.stopSignal() != 0) {
      return 'T';
    }
    boolean self = caller != null && caller.task() != null && caller.task().process() == process;
    return self ? 'R' : 'S';
  }

  // ---- strings

  /**
   * What stands where the arguments were put. As Linux has it: once a program has written over the
   * end of them, they are one string, which may go on where the environment was.
   */
  byte[] commandLine() {
    Program.Strings strings = layout().strings();
    byte[] all = memory(strings.start(), strings.end());
    int arguments = (int) (strings.middle() - strings.start());
    if (arguments == 0 || all.length == 0 || all[arguments - 1] == 0) {
      return Arrays.copyOf(all, Math.min(arguments, all.length));
    }
    int end = 0;
    while (end < Math.min(all.length, PAGE)) {
      if (all[end++] == 0) {
        break;
      }
    }
    return Arrays.copyOf(all, end);
  }

  byte[] environment() {
    return memory(layout().strings().middle(), layout().strings().end());
  }

  private Program.Layout layout() {
    Program program = process.program();
    return program == null ? Program.Layout.NONE : program.layout();
  }

  /** Bytes of the process's memory; none if it is gone. */
  private byte[] memory(long start, long end) {
    byte[] bytes = new byte[(int) (end - start)];
    if (isZombie() || bytes.length == 0) {
      return new byte[0];
    }
    try {
      process.addressSpace().memory().read(start, bytes, 0, bytes.length);
      return bytes;
    } catch (GuestMemoryFault unmapped) {
      return new byte[0];
    }
  }

  /**
   * Reads the vector where exec put it: above the pointers to the arguments and the environment.
   */
  byte[] auxiliaryVector() {
    Program program = process.program();
    if (program == null || isZombie()) {
      return new byte[0];
    }
    GuestMemory memory = process.addressSpace().memory();
    ByteBuffer vector = ByteBuffer.allocate(AUXILIARY_LIMIT * 16).order(ByteOrder.LITTLE_ENDIAN);
    try {
      long at = program.layout().stackPointer() + 8;
      at += 8L * (program.arguments().size() + 1) + 8L * (program.environment().size() + 1);
      long type;
      do {
        type = memory.getLong(at);
        vector.putLong(type).putLong(memory.getLong(at + 8));
        at += 16;
      } while (type != 0 && vector.hasRemaining());
    } catch (GuestMemoryFault unmapped) {
      return new byte[0];
    }
    return Arrays.copyOf(vector.array(), vector.position());
  }

  // ---- memory

  String maps() {
    StringBuilder text = new StringBuilder();
    for (MemoryArea area : process.addressSpace().areas()) {
      text.append(area.mapsLine()).append('\n');
    }
    return text.toString();
  }

  String detailedMaps() {
    StringBuilder text = new StringBuilder();
    for (MemoryArea area : process.addressSpace().areas()) {
      text.append(area.mapsLine()).append('\n');
      appendCounts(text, area.length(), residentBytes(area), area.isShared());
    }
    return text.toString();
  }

  String mapsSummary() {
    AddressSpace space = process.addressSpace();
    StringBuilder text = new StringBuilder();
    text.append("00000000-100000000 ---p 00000000 00:00 0                          [rollup]\n");
    appendCounts(text, space.mappedBytes(), space.residentBytes(), false);
    return text.toString();
  }

  private long residentBytes(MemoryArea area) {
    long resident = 0;
    for (byte page : process.addressSpace().residency(area.start(), area.length())) {
      resident += (page & 1) * PAGE;
    }
    return resident;
  }

  private static void appendCounts(StringBuilder text, long size, long resident, boolean shared) {
    appendKib(text, "Size", size);
    appendKib(text, "KernelPageSize", PAGE);
    appendKib(text, "MMUPageSize", PAGE);
    appendKib(text, "Rss", resident);
    appendKib(text, "Pss", resident);
    appendKib(text, "Shared_Clean", 0);
    appendKib(text, "Shared_Dirty", shared ? resident : 0);
    appendKib(text, "Private_Clean", 0);
    appendKib(text, "Private_Dirty", shared ? 0 : resident);
    appendKib(text, "Referenced", resident);
    appendKib(text, "Anonymous", shared ? 0 : resident);
    appendKib(text, "AnonHugePages", 0);
    appendKib(text, "Swap", 0);
    appendKib(text, "Locked", 0);
  }

  private static void appendKib(StringBuilder text, String name, long bytes) {
    text.append(String.format("%-16s%8d kB%n", name + ":", bytes / KIB));
  }

  private long mappedBytes() {
    return isZombie() ? 0 : process.addressSpace().mappedBytes();
  }

  private long residentBytes() {
    return isZombie() ? 0 : process.addressSpace().residentBytes();
  }

  String memoryPages() {
    Program program = process.program();
    long code = program == null ? 0 : program.layout().codeEnd() - program.layout().codeStart();
    return mappedBytes() / PAGE
        + " "
        + residentBytes() / PAGE
        + " 0 "
        + (code + PAGE - 1) / PAGE
        + " 0 "
        + mappedBytes() / PAGE
        + " 0\n";
  }

  // ---- state

  String stat() {
    Program.Layout layout = layout();
    SignalState signals = representative() == null ? null : representative().signals();
    final ControllingTerminal terminal = process.controllingTerminal();
    final int nice = representative() == null ? 0 : representative().nice();
    long[] handled = process.signalActions().ignoredAndCaught();
    long cpu = task == null ? process.cpuNanos() : task.cpuNanos();
    long started = (process.startNanos() - process.libraryOs().startNanos()) / NANOS_PER_TICK;
    Object[] fields = {
      id(),
      "(" + nameOf(process, task) + ")",
      state(null),
      process.parentId(),
      process.processGroup(),
      process.session(),
      terminal == null ? 0 : terminal.deviceNumber(),
      terminal == null ? -1 : terminal.foregroundGroup(),
      0x400000, // flags
      0,
      0,
      0,
      0, // minflt cminflt majflt cmajflt
      cpu / NANOS_PER_TICK,
      process.ownTimes().systemNanos() / NANOS_PER_TICK,
      process.childrenTimes().userNanos() / NANOS_PER_TICK,
      process.childrenTimes().systemNanos() / NANOS_PER_TICK,
      nice + 20, // priority
      nice,
      Math.max(1, process.tasks().size()),
      0, // itrealvalue
      started,
      mappedBytes(),
      residentBytes() / PAGE,
      Long.toUnsignedString(process.limits().soft(Resource.RLIMIT_RSS)),
      layout.codeStart(),
      layout.codeEnd(),
      layout.stackPointer(),
      0,
      0, // kstkesp kstkeip
      signals == null ? 0 : signals.allPending() & 0x7fffffff,
      signals == null ? 0 : signals.mask() & 0x7fffffff,
      handled[0] & 0x7fffffff,
      handled[1] & 0x7fffffff,
      0,
      0,
      0, // wchan nswap cnswap
      17, // exit_signal
      0,
      0,
      0,
      0,
      0,
      0, // processor rt_priority policy delayacct guest cguest
      layout.dataStart(),
      layout.dataEnd(),
      isZombie() ? 0 : process.addressSpace().breakStart(),
      isZombie() ? 0 : layout.strings().start(),
      isZombie() ? 0 : layout.strings().middle(),
      isZombie() ? 0 : layout.strings().middle(),
      isZombie() ? 0 : layout.strings().end(),
      0 // exit_code
    };
    StringBuilder line = new StringBuilder();
    for (Object field : fields) {
      line.append(line.isEmpty() ? "" : " ").append(field);
    }
    return line.append('\n').toString();
  }

  String status(Caller caller) {
    StringBuilder text = new StringBuilder();
    char state = state(caller);
    field(text, "Name", nameOf(process, task));
    field(text, "Umask", umask());
    field(text, "State", state + " " + stateName(state));
    field(text, "Tgid", process.id());
    field(text, "Ngid", 0);
    field(text, "Pid", id());
    field(text, "PPid", process.parentId());
    field(text, "TracerPid", 0);
    Credentials user = process.credentials();
    field(text, "Uid", user.uid() + "\t" + user.euid() + "\t" + user.suid() + "\t" + user.fsuid());
    field(text, "Gid", user.gid() + "\t" + user.egid() + "\t" + user.sgid() + "\t" + user.fsgid());
    field(text, "FDSize", 64);
    StringBuilder groups = new StringBuilder();
    user.groups().forEach(group -> groups.append(group).append(' '));
    field(text, "Groups", groups);
    memoryFields(text);
    field(text, "Threads", process.tasks().size());
    signalFields(text);
    String capabilities = user.isPrivileged() ? "000001ffffffffff" : "0000000000000000";
    field(text, "CapInh", "0000000000000000");
    field(text, "CapPrm", capabilities);
    field(text, "CapEff", capabilities);
    field(text, "CapBnd", "000001ffffffffff");
    field(text, "CapAmb", "0000000000000000");
    field(text, "NoNewPrivs", 0);
    field(text, "Seccomp", 0);
    Task shown = representative();
    ProcessorSet processors =
        shown == null ? process.libraryOs().processorRoom().visible() : shown.affinity().asked();
    field(text, "Cpus_allowed", processors.hex());
    field(text, "Cpus_allowed_list", processors.ranges());
    field(text, "Mems_allowed", "1");
    field(text, "Mems_allowed_list", "0");
    field(text, "voluntary_ctxt_switches", 0);
    field(text, "nonvoluntary_ctxt_switches", 0);
    return text.toString();
  }

  private String umask() {
    Task any = representative();
    return any == null ? "0022" : String.format("%04o", any.fileSystem().umask());
  }

  private void memoryFields(StringBuilder text) {
    if (isZombie()) {
      return;
    }
    long mapped = mappedBytes() / KIB;
    long resident = residentBytes() / KIB;
    field(text, "VmPeak", kib(mapped));
    field(text, "VmSize", kib(mapped));
    field(text, "VmLck", kib(0));
    field(text, "VmPin", kib(0));
    field(text, "VmHWM", kib(resident));
    field(text, "VmRSS", kib(resident));
    field(text, "RssAnon", kib(resident));
    field(text, "RssFile", kib(0));
    field(text, "RssShmem", kib(0));
    field(text, "VmData", kib(mapped));
    field(text, "VmStk", kib(132));
    field(text, "VmExe", kib(4));
    field(text, "VmLib", kib(0));
    field(text, "VmPTE", kib(0));
    field(text, "VmSwap", kib(0));
  }

  private static String kib(long count) {
    return String.format("%8d kB", count);
  }

  private void signalFields(StringBuilder text) {
    Task any = representative();
    long[] handled = process.signalActions().ignoredAndCaught();
    field(text, "SigQ", "0/4096");
    field(text, "SigPnd", set(any == null ? 0 : any.signals().pending().set()));
    field(text, "ShdPnd", set(process.pendingSignals().set()));
    field(text, "SigBlk", set(any == null ? 0 : any.signals().mask()));
    field(text, "SigIgn", set(handled[0]));
    field(text, "SigCgt", set(handled[1]));
  }

  private static String set(long signals) {
    return String.format("%016x", signals);
  }

  private static void field(StringBuilder text, String name, Object value) {
    text.append(name).append(":\t").append(value).append('\n');
  }

  private static String stateName(char state) {
    return switch (state) {
      case 'R' -> "(running)";
      case 'T' -> "(stopped)";
      case 'Z' -> "(zombie)";
      default -> "(sleeping)";
    };
  }

  String io() {
    return """
    rchar: 0
    wchar: 0
    syscr: 0
    syscw: 0
    read_bytes: 0
    write_bytes: 0
    cancelled_write_bytes: 0
    """;
  }

  String limits() {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format("%-26s%-21s%-21s%-10s%n", "Limit", "Soft Limit", "Hard Limit", "Units"));
    for (LimitName limit : LimitName.ALL) {
      text.append(
          String.format(
              "%-26s%-21s%-21s%-10s%n",
              limit.title,
              bound(process.limits().soft(limit.resource)),
              bound(process.limits().hard(limit.resource)),
              limit.unit));
    }
    return text.toString();
  }

  private static String bound(long value) {
    return value == Resource.RLIM_INFINITY ? "unlimited" : Long.toUnsignedString(value);
  }

  private record LimitName(String title, int resource, String unit) {
    static final List<LimitName> ALL =
        List.of(
            new LimitName("Max cpu time", Resource.RLIMIT_CPU, "seconds"),
            new LimitName("Max file size", Resource.RLIMIT_FSIZE, "bytes"),
            new LimitName("Max data size", Resource.RLIMIT_DATA, "bytes"),
            new LimitName("Max stack size", Resource.RLIMIT_STACK, "bytes"),
            new LimitName("Max core file size", Resource.RLIMIT_CORE, "bytes"),
            new LimitName("Max resident set", Resource.RLIMIT_RSS, "bytes"),
            new LimitName("Max processes", Resource.RLIMIT_NPROC, "processes"),
            new LimitName("Max open files", Resource.RLIMIT_NOFILE, "files"),
            new LimitName("Max locked memory", Resource.RLIMIT_MEMLOCK, "bytes"),
            new LimitName("Max address space", Resource.RLIMIT_AS, "bytes"),
            new LimitName("Max file locks", Resource.RLIMIT_LOCKS, "locks"),
            new LimitName("Max pending signals", Resource.RLIMIT_SIGPENDING, "signals"),
            new LimitName("Max msgqueue size", Resource.RLIMIT_MSGQUEUE, "bytes"),
            new LimitName("Max nice priority", Resource.RLIMIT_NICE, ""),
            new LimitName("Max realtime priority", Resource.RLIMIT_RTPRIO, ""),
            new LimitName("Max realtime timeout", Resource.RLIMIT_RTTIME, "us"));
  }
}
