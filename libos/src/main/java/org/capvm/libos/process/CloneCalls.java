package org.capvm.libos.process;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.CloneFlags;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.abi.Resource;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.ExecutableFile;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.monitor.memory.GuestMemory;

/** Calls that make tasks and that replace programs. */
final class CloneCalls {
  private static final int SIGNAL_MASK = 0xff;
  private static final int CLONE_ARGS_MIN = 64;
  private static final int CLONE_ARGS_MAX = 88;
  private static final int SET_TID = 64;
  private static final int MAX_STRINGS = 1 << 20;

  private CloneCalls() {}

  static long fork(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Cloner.run(task, Cloner.fork());
  }

  static long vfork(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Cloner.run(task, Cloner.vfork());
  }

  static long clone(
      Task task, long flags, long stack, long parentTid, long childTid, long tls, long a5) {
    long bits = flags & 0xffff_ffffL & ~SIGNAL_MASK;
    int exitSignal = (int) flags & SIGNAL_MASK;
    return Cloner.run(
        task, new CloneRequest(bits, exitSignal, stack, parentTid, parentTid, childTid, tls));
  }

  static long clone3(Task task, long at, long size, long a2, long a3, long a4, long a5) {
    if (size < CLONE_ARGS_MIN) {
      return -Errno.EINVAL;
    }
    if (size > AddressLayout.PAGE) {
      return -Errno.E2BIG;
    }
    GuestMemory memory = task.memory();
    for (long offset = CLONE_ARGS_MAX; offset < size; offset++) {
      if (memory.getByte(at + offset) != 0) {
        return -Errno.E2BIG;
      }
    }
    long flags = memory.getLong(at);
    long exitSignal = memory.getLong(at + 32);
    long stack = memory.getLong(at + 40);
    long stackBytes = memory.getLong(at + 48);
    boolean setsIds =
        size >= SET_TID + 16
            && (memory.getLong(at + SET_TID) | memory.getLong(at + SET_TID + 8)) != 0;
    boolean knownFlags =
        (flags & (SIGNAL_MASK | CloneFlags.CLONE_DETACHED)) == 0 && flags >>> 34 == 0;
    if (setsIds
        || !knownFlags
        || (exitSignal & ~SIGNAL_MASK) != 0
        || (stack == 0) != (stackBytes == 0)) {
      return -Errno.EINVAL;
    }
    return Cloner.run(
        task,
        new CloneRequest(
            flags,
            (int) exitSignal,
            stack + stackBytes,
            memory.getLong(at + 8),
            memory.getLong(at + 24),
            memory.getLong(at + 16),
            memory.getLong(at + 56)));
  }

  static long execve(Task task, long path, long argv, long envp, long a3, long a4, long a5) {
    String name = readPath(task, path);
    if (name.isEmpty()) {
      return -Errno.ENOENT;
    }
    Caller caller = Caller.of(task);
    return execute(task, file -> ExecutableFile.open(caller, file), name, argv, envp);
  }

  static long execveat(
      Task task, long directory, long path, long argv, long envp, long flags, long a5) {
    int known = OpenFlags.AT_EMPTY_PATH | OpenFlags.AT_SYMLINK_NOFOLLOW;
    if ((flags & ~known) != 0) {
      return -Errno.EINVAL;
    }
    String name = readPath(task, path);
    int descriptor = (int) directory;
    if (name.startsWith("/") || (descriptor == OpenFlags.AT_FDCWD && !name.isEmpty())) {
      return execve(task, path, argv, envp, 0, 0, 0);
    }
    if (name.isEmpty() && (flags & OpenFlags.AT_EMPTY_PATH) == 0) {
      return -Errno.ENOENT;
    }
    Caller caller = Caller.of(task);
    FileDescription start = task.files().getAny(descriptor);
    try {
      boolean follows = (flags & OpenFlags.AT_SYMLINK_NOFOLLOW) == 0;
      Location location =
          name.isEmpty()
              ? start.location()
              : PathWalk.find(caller, start.location(), name, follows);
      String shown = "/dev/fd/" + descriptor + (name.isEmpty() ? "" : "/" + name);
      ProgramFile.Opener opener =
          file ->
              file.equals(shown)
                  ? ExecutableFile.open(caller, location)
                  : ExecutableFile.open(caller, file);
      return execute(task, opener, shown, argv, envp);
    } finally {
      start.release();
    }
  }

  private static long execute(
      Task task, ProgramFile.Opener opener, String name, long argv, long envp) {
    if (task.visit() != null) {
      // The thread is the caller's: another program cannot stay on it.
      return -Errno.EPERM;
    }
    List<byte[]> arguments = readStrings(task, argv);
    List<byte[]> environment = readStrings(task, envp);
    long stackLimit = task.limits().soft(Resource.RLIMIT_STACK);
    ProgramPlan plan = ProgramPlan.make(opener, name, arguments, environment, stackLimit);
    if (!task.process().endOtherTasks(task)) {
      plan.close();
      return -Errno.EAGAIN;
    }
    Exec.execute(task, plan);
    return 0;
  }

  private static String readPath(Task task, long path) {
    byte[] bytes = task.memory().readCString(path, PathWalk.PATH_MAX);
    if (bytes == null) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private static List<byte[]> readStrings(Task task, long array) {
    List<byte[]> strings = new ArrayList<>();
    if (array == 0) {
      return strings;
    }
    GuestMemory memory = task.memory();
    while (true) {
      long pointer = memory.getLong(array + 8L * strings.size());
      if (pointer == 0) {
        return strings;
      }
      byte[] string = memory.readCString(pointer, InitialStack.MAX_STRING_BYTES);
      if (string == null || strings.size() == MAX_STRINGS) {
        throw ErrnoException.of(Errno.E2BIG);
      }
      strings.add(string);
    }
  }
}
