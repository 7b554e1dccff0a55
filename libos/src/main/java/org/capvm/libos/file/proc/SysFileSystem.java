package org.capvm.libos.file.proc;

import org.capvm.libos.file.FileSystemStatus;
import org.capvm.libos.file.synthetic.FixedDirectory;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.processor.ProcessorSet;

/**
 * Makes a cVM's {@code /sys}: the few files that programs look for to size thread pools and pages.
 */
public final class SysFileSystem {
  private SysFileSystem() {}

  /**
   * A file system that describes a cVM's processors and nothing of the host's devices.
   *
   * @param visible the processors, from 0 on
   */
  public static SyntheticFileSystem make(ProcessorSet visible) {
    SyntheticFileSystem fileSystem = new SyntheticFileSystem("sysfs", FileSystemStatus.SYSFS_MAGIC);
    FixedDirectory root = new FixedDirectory(fileSystem, null, "", 0555);
    fileSystem.setRoot(root);
    String processors = visible.ranges();
    FixedDirectory system = root.addDirectory("devices").addDirectory("system");
    FixedDirectory cpu = system.addDirectory("cpu");
    constant(cpu, "online", processors);
    constant(cpu, "possible", processors);
    constant(cpu, "present", processors);
    for (int i = 0; i < visible.count(); i++) {
      FixedDirectory topology = cpu.addDirectory("cpu" + i).addDirectory("topology");
      constant(topology, "core_id", Integer.toString(i));
      constant(topology, "physical_package_id", "0");
    }
    FixedDirectory node = system.addDirectory("node");
    constant(node, "online", "0");
    constant(node, "possible", "0");
    constant(node.addDirectory("node0"), "cpulist", processors);
    FixedDirectory pages =
        root.addDirectory("kernel").addDirectory("mm").addDirectory("transparent_hugepage");
    constant(pages, "enabled", "always [madvise] never");
    constant(pages, "defrag", "always defer defer+madvise [madvise] never");
    constant(pages, "hpage_pmd_size", "2097152");
    FixedDirectory files = root.addDirectory("fs");
    files.addDirectory("cgroup");
    root.addDirectory("class").addDirectory("net");
    root.addDirectory("block");
    return fileSystem;
  }

  private static void constant(FixedDirectory directory, String name, String value) {
    directory.addFile(name, ProcFileSystem.text(caller -> value + "\n"));
  }
}
