package org.capvm.libos.file.proc;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.synthetic.FixedDirectory;
import org.capvm.libos.file.synthetic.SyntheticDirectory;
import org.capvm.libos.file.synthetic.SyntheticFile;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.ProcessReference;
import org.capvm.libos.process.Task;

/** {@code /proc/PID}, or {@code /proc/PID/task/TID} when it stands for one task. */
class ProcessDirectory extends SyntheticDirectory {
  private static final long FIRST_NUMBER = 1L << 20;
  private static final int NUMBERS_EACH = 4096;

  /** The files, in listing order; a file's place is part of its number. */
  private static final List<String> NAMES =
      List.of(
          "auxv",
          "cgroup",
          "cmdline",
          "comm",
          "cwd",
          "environ",
          "exe",
          "fd",
          "fdinfo",
          "io",
          "limits",
          "maps",
          "mem",
          "mountinfo",
          "mounts",
          "net",
          "oom_score",
          "oom_score_adj",
          "root",
          "smaps",
          "smaps_rollup",
          "stat",
          "statm",
          "status",
          "task",
          "timerslack_ns",
          "uid_map",
          "gid_map",
          "wchan",
          "loginuid");

  private final Process process;
  private final Task task;
  private final ProcessTexts texts;

  ProcessDirectory(
      SyntheticFileSystem fileSystem, Directory parent, String name, Process process, Task task) {
    super(fileSystem, parent, name, numberFor(task == null ? process.id() : task.id()), 0555);
    this.process = process;
    this.task = task;
    this.texts = new ProcessTexts(process, task);
  }

  static long numberFor(int id) {
    return FIRST_NUMBER + (long) id * NUMBERS_EACH;
  }

  /** {@code /proc/PID}, which stands for the process where an open file may. */
  static final class OfProcess extends ProcessDirectory implements ProcessReference {
    OfProcess(SyntheticFileSystem fileSystem, Directory parent, String name, Process process) {
      super(fileSystem, parent, name, process, null);
    }
  }

  /** The process, which may have been waited for. */
  public final Process process() {
    return process;
  }

  @Override
  public FileStatus status() {
    return synthetic()
        .statusOf(
            number(),
            FileMode.S_IFDIR | 0555,
            9,
            process.credentials().euid(),
            process.credentials().egid(),
            0);
  }

  @Override
  public Inode lookup(Caller caller, String name) {
    int index = NAMES.indexOf(name);
    if (index < 0 || (task != null && name.equals("task"))) {
      return null;
    }
    return make(name, number() + 1 + index);
  }

  private Inode make(String name, long fileNumber) {
    return switch (name) {
      case "auxv" -> bytes(fileNumber, 0400, caller -> texts.auxiliaryVector());
      case "cmdline" -> bytes(fileNumber, 0444, caller -> texts.commandLine());
      case "environ" -> bytes(fileNumber, 0400, caller -> texts.environment());
      case "comm" -> new CommandName(synthetic(), fileNumber, process, task);
      case "mem" -> bytes(fileNumber, 0600, caller -> new byte[0]);
      case "cgroup" -> text(fileNumber, caller -> "0::/\n");
      case "io" -> text(fileNumber, caller -> texts.io());
      case "limits" -> text(fileNumber, caller -> texts.limits());
      case "maps" -> text(fileNumber, caller -> texts.maps());
      case "smaps" -> text(fileNumber, caller -> texts.detailedMaps());
      case "smaps_rollup" -> text(fileNumber, caller -> texts.mapsSummary());
      case "mounts" -> text(fileNumber, MountTexts::mounts);
      case "mountinfo" -> text(fileNumber, MountTexts::mountInfo);
      case "oom_score" -> text(fileNumber, caller -> "0\n");
      case "oom_score_adj" -> new ScoreAdjustment(synthetic(), fileNumber, process);
      case "timerslack_ns" -> new IgnoredSetting(synthetic(), fileNumber, 0644, "50000\n");
      case "uid_map", "gid_map" -> text(fileNumber, caller -> "         0          0 4294967295\n");
      case "wchan" -> text(fileNumber, caller -> "0");
      case "loginuid" -> text(fileNumber, caller -> "4294967295");
      case "stat" -> text(fileNumber, caller -> texts.stat());
      case "statm" -> text(fileNumber, caller -> texts.memoryPages());
      case "status" -> text(fileNumber, caller -> texts.status(caller));
      case "exe" -> new ProcessLink(synthetic(), fileNumber, process, ProcessLink.Kind.EXECUTABLE);
      case "cwd" -> new ProcessLink(synthetic(), fileNumber, process, ProcessLink.Kind.DIRECTORY);
      case "root" -> new ProcessLink(synthetic(), fileNumber, process, ProcessLink.Kind.ROOT);
      case "fd" -> new DescriptorDirectory(synthetic(), this, "fd", fileNumber);
      case "fdinfo" -> new DescriptorDirectory(synthetic(), this, "fdinfo", fileNumber);
      case "task" -> new TaskDirectory(synthetic(), this, fileNumber);
      case "net" -> network();
      default -> throw new IllegalStateException(name);
    };
  }

  private Inode network() {
    FixedDirectory net = new FixedDirectory(synthetic(), this, "net", 0555);
    String sockets =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
            + "  timeout inode\n";
    for (String name : List.of("tcp", "tcp6", "udp", "udp6")) {
      net.addFile(name, ProcFileSystem.text(caller -> sockets));
    }
    net.addFile(
        "unix",
        ProcFileSystem.text(caller -> "Num       RefCount Protocol Flags    Type St Inode Path\n"));
    return net;
  }

  private SyntheticFile text(long fileNumber, Function<Caller, String> text) {
    return bytes(fileNumber, 0444, ProcFileSystem.text(text));
  }

  private SyntheticFile bytes(long fileNumber, int permissions, SyntheticFile.Content content) {
    return new ProcessFile(synthetic(), fileNumber, permissions, process, content);
  }

  @Override
  public List<Entry> list(Caller caller) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < NAMES.size(); i++) {
      String name = NAMES.get(i);
      if (task == null || !name.equals("task")) {
        entries.add(new Entry(name, number() + 1 + i, typeOf(name)));
      }
    }
    return entries;
  }

  private static int typeOf(String name) {
    return switch (name) {
      case "cwd", "exe", "root" -> FileMode.S_IFLNK;
      case "fd", "fdinfo", "task", "net" -> FileMode.S_IFDIR;
      default -> FileMode.S_IFREG;
    };
  }

  /** A file that is the process's user's, or the superuser's if the process is not dumpable. */
  private static class ProcessFile extends SyntheticFile {
    private final Process process;

    ProcessFile(
        SyntheticFileSystem fileSystem,
        long number,
        int permissions,
        Process process,
        Content content) {
      super(fileSystem, number, permissions, content);
      this.process = process;
    }

    @Override
    protected int uid() {
      return process.isDumpable() ? process.credentials().euid() : 0;
    }

    @Override
    protected int gid() {
      return process.isDumpable() ? process.credentials().egid() : 0;
    }

    final Process process() {
      return process;
    }
  }

  /** {@code comm}: the name, which a write changes. */
  private static final class CommandName extends ProcessFile {
    private static final int MAX_BYTES = 15;
    private final Task named;

    CommandName(SyntheticFileSystem fileSystem, long number, Process process, Task task) {
      super(
          fileSystem,
          number,
          0644,
          process,
          ProcFileSystem.text(caller -> ProcessTexts.nameOf(process, task) + "\n"));
      this.named = task != null ? task : ProcessTexts.leader(process);
    }

    @Override
    protected int written(Caller writer, byte[] bytes) {
      int length = bytes.length;
      if (length > 0 && bytes[length - 1] == '\n') {
        length--;
      }
      if (named != null) {
        named.setName(
            new String(bytes, 0, Math.min(length, MAX_BYTES), StandardCharsets.ISO_8859_1));
      }
      return bytes.length;
    }
  }

  /** {@code oom_score_adj}. */
  private static final class ScoreAdjustment extends ProcessFile {
    ScoreAdjustment(SyntheticFileSystem fileSystem, long number, Process process) {
      super(
          fileSystem,
          number,
          0644,
          process,
          ProcFileSystem.text(caller -> process.outOfMemoryScore().adjustment() + "\n"));
    }

    @Override
    protected int written(Caller writer, byte[] bytes) {
      int wanted = WrittenNumber.parse(bytes);
      boolean privileged = writer.credentials().isPrivileged();
      process().setOutOfMemoryScore(process().outOfMemoryScore().adjusted(wanted, privileged));
      return WrittenNumber.taken(bytes);
    }
  }

  /** A setting that means nothing here: a hint about when Linux should wake whom. */
  private static final class IgnoredSetting extends SyntheticFile {
    IgnoredSetting(SyntheticFileSystem fileSystem, long number, int permissions, String value) {
      super(fileSystem, number, permissions, ProcFileSystem.text(caller -> value));
    }

    @Override
    protected int written(Caller writer, byte[] bytes) {
      // Accepted, because redis-server and others only warn the user when it is not.
      return bytes.length;
    }
  }
}
