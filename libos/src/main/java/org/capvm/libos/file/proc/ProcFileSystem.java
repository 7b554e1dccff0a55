package org.capvm.libos.file.proc;

import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.function.Function;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileSystemStatus;
import org.capvm.libos.file.synthetic.FixedDirectory;
import org.capvm.libos.file.synthetic.SyntheticFile;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.file.synthetic.SyntheticLink;
import org.capvm.libos.file.watch.Inotify;
import org.capvm.libos.file.watch.Watches;
import org.capvm.libos.ipc.IpcNamespace;
import org.capvm.libos.process.ProcessTable;

/** Makes a cVM's {@code /proc}. */
public final class ProcFileSystem {
  private ProcFileSystem() {}

  /** A file system that shows the processes of one library OS. */
  public static SyntheticFileSystem make(LibraryOs libraryOs) {
    SyntheticFileSystem fileSystem =
        new SyntheticFileSystem("proc", FileSystemStatus.PROC_SUPER_MAGIC);
    ProcRoot root = new ProcRoot(fileSystem, libraryOs);
    fileSystem.setRoot(root);
    SystemTexts texts = new SystemTexts(libraryOs);
    root.add("self", new SyntheticLink(fileSystem, fileSystem.newNumber(), ProcFileSystem::selfOf));
    root.add(
        "thread-self",
        new SyntheticLink(fileSystem, fileSystem.newNumber(), ProcFileSystem::threadOf));
    root.addFile("cpuinfo", text(caller -> texts.cpuInfo()));
    root.addFile("meminfo", text(caller -> texts.memoryInfo()));
    root.addFile("stat", text(caller -> texts.stat()));
    root.addFile("uptime", text(caller -> texts.uptime()));
    root.addFile("loadavg", text(caller -> texts.loadAverage()));
    root.addFile("version", text(caller -> texts.version()));
    root.addFile("cmdline", text(caller -> "capvm\n"));
    root.addFile("filesystems", text(caller -> texts.fileSystems()));
    root.addFile("devices", text(caller -> texts.devices()));
    root.addFile("swaps", text(caller -> "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"));
    root.addFile("vmstat", text(caller -> texts.virtualMemory()));
    root.addFile("cgroups", text(caller -> "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"));
    root.addLink("mounts", "self/mounts");
    root.addLink("net", "self/net");
    root.addDirectory("sysvipc")
        .addFile("msg", text(caller -> libraryOs.ipc().queuesText()))
        .addFile("sem", text(caller -> libraryOs.ipc().semaphoresText()))
        .addFile("shm", text(caller -> libraryOs.ipc().segmentsText()));
    addSettings(root.addDirectory("sys"), libraryOs);
    return fileSystem;
  }

  private static String selfOf(Caller caller) {
    return caller.task() == null ? "1" : Integer.toString(caller.task().process().id());
  }

  private static String threadOf(Caller caller) {
    return caller.task() == null
        ? "1/task/1"
        : caller.task().process().id() + "/task/" + caller.task().id();
  }

  /** A text, of one byte per character, as a file's content. */
  static SyntheticFile.Content text(Function<Caller, String> text) {
    return caller -> text.apply(caller).getBytes(StandardCharsets.ISO_8859_1);
  }

  private static void constant(FixedDirectory directory, String name, String value) {
    directory.addFile(name, text(caller -> value + "\n"));
  }

  private static void addSettings(FixedDirectory sys, LibraryOs libraryOs) {
    FixedDirectory kernel = sys.addDirectory("kernel");
    constant(kernel, "ostype", SystemTexts.SYSTEM_NAME);
    constant(kernel, "osrelease", SystemTexts.RELEASE);
    constant(kernel, "version", SystemTexts.VERSION);
    kernel.addFile("hostname", text(caller -> libraryOs.hostName() + "\n"));
    kernel.addFile("domainname", text(caller -> libraryOs.domainName() + "\n"));
    constant(kernel, "pid_max", Integer.toString(ProcessTable.PID_MAX));
    constant(kernel, "threads-max", Integer.toString(ProcessTable.PID_MAX));
    constant(kernel, "ngroups_max", "65536");
    constant(kernel, "cap_last_cap", "40");
    constant(kernel, "randomize_va_space", "0");
    constant(kernel, "core_pattern", "core");
    constant(kernel, "shmmax", "18446744073692774399");
    constant(kernel, "shmall", "18446744073692774399");
    constant(kernel, "shmmni", Integer.toString(IpcNamespace.SHMMNI));
    constant(
        kernel,
        "sem",
        IpcNamespace.SEMMSL
            + "\t"
            + IpcNamespace.SEMMNS
            + "\t"
            + IpcNamespace.SEMOPM
            + "\t"
            + IpcNamespace.SEMMNI);
    constant(kernel, "msgmax", Integer.toString(IpcNamespace.MSGMAX));
    constant(kernel, "msgmnb", Integer.toString(IpcNamespace.MSGMNB));
    constant(kernel, "msgmni", Integer.toString(IpcNamespace.MSGMNI));
    constant(kernel, "overflowuid", "65534");
    constant(kernel, "overflowgid", "65534");
    FixedDirectory random = kernel.addDirectory("random");
    constant(random, "boot_id", UUID.randomUUID().toString());
    random.addFile("uuid", text(caller -> UUID.randomUUID() + "\n"));
    constant(random, "entropy_avail", "256");
    constant(random, "poolsize", "256");
    FixedDirectory memory = sys.addDirectory("vm");
    constant(memory, "overcommit_memory", "1");
    constant(memory, "overcommit_ratio", "50");
    constant(memory, "max_map_count", "65530");
    constant(memory, "mmap_min_addr", "65536");
    constant(memory, "swappiness", "60");
    FixedDirectory files = sys.addDirectory("fs");
    constant(files, "file-max", "1048576");
    constant(files, "nr_open", "1048576");
    constant(files, "pipe-max-size", "1048576");
    constant(files, "pipe-user-pages-soft", "16384");
    constant(files, "pipe-user-pages-hard", "0");
    constant(files, "file-nr", "0\t0\t1048576");
    FixedDirectory inotify = files.addDirectory("inotify");
    constant(inotify, "max_queued_events", Integer.toString(Inotify.MAX_QUEUED));
    constant(inotify, "max_user_instances", Integer.toString(Watches.MAX_INSTANCES));
    constant(inotify, "max_user_watches", Integer.toString(Watches.MAX_WATCHES));
    FixedDirectory network = sys.addDirectory("net");
    FixedDirectory core = network.addDirectory("core");
    constant(core, "somaxconn", "4096");
    constant(core, "rmem_max", "212992");
    constant(core, "wmem_max", "212992");
    constant(core, "rmem_default", "212992");
    constant(core, "wmem_default", "212992");
    FixedDirectory ipv4 = network.addDirectory("ipv4");
    constant(ipv4, "ip_local_port_range", "32768\t60999");
    constant(ipv4, "tcp_rmem", "4096\t131072\t6291456");
    constant(ipv4, "tcp_wmem", "4096\t16384\t4194304");
    constant(ipv4, "tcp_max_syn_backlog", "1024");
    constant(ipv4, "tcp_fin_timeout", "60");
    constant(ipv4, "tcp_keepalive_time", "7200");
    constant(ipv4, "ip_unprivileged_port_start", "0");
  }
}
