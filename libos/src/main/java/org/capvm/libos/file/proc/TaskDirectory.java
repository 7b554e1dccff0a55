package org.capvm.libos.file.proc;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.synthetic.SyntheticDirectory;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.libos.process.Process;
import org.capvm.libos.process.Task;

/** {@code /proc/PID/task}: a directory for each thread of a process. */
final class TaskDirectory extends SyntheticDirectory {
  private final Process process;

  TaskDirectory(SyntheticFileSystem fileSystem, ProcessDirectory parent, long number) {
    super(fileSystem, parent, "task", number, 0555);
    this.process = parent.process();
  }

  @Override
  public Inode lookup(Caller caller, String name) {
    int id = ProcRoot.number(name);
    for (Task task : process.tasks()) {
      if (task.id() == id) {
        return new ProcessDirectory(synthetic(), this, name, process, task);
      }
    }
    return null;
  }

  @Override
  public List<Entry> list(Caller caller) {
    List<Entry> entries = new ArrayList<>();
    for (Task task : process.tasks()) {
      entries.add(
          new Entry(
              Integer.toString(task.id()),
              ProcessDirectory.numberFor(task.id()),
              FileMode.S_IFDIR));
    }
    return entries;
  }
}
