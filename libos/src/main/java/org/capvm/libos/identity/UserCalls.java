package org.capvm.libos.identity;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/** Users and groups. */
final class UserCalls {
  private static final int KEEP = -1;
  private static final int NGROUPS_MAX = 65536;
  private static final int CAPABILITY_VERSION_1 = 0x19980330;
  private static final int CAPABILITY_VERSION_2 = 0x20071026;
  private static final int CAPABILITY_VERSION_3 = 0x20080522;
  private static final long ALL_CAPABILITIES = (1L << 41) - 1;

  private UserCalls() {}

  static long getuid(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Integer.toUnsignedLong(task.credentials().uid());
  }

  static long geteuid(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Integer.toUnsignedLong(task.credentials().euid());
  }

  static long getgid(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Integer.toUnsignedLong(task.credentials().gid());
  }

  static long getegid(Task task, long a0, long a1, long a2, long a3, long a4, long a5) {
    return Integer.toUnsignedLong(task.credentials().egid());
  }

  static long getresuid(
      Task task, long real, long effective, long saved, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    put(task, real, own.uid(), effective, own.euid(), saved, own.suid());
    return 0;
  }

  static long getresgid(
      Task task, long real, long effective, long saved, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    put(task, real, own.gid(), effective, own.egid(), saved, own.sgid());
    return 0;
  }

  private static void put(Task task, long a, int first, long b, int second, long c, int third) {
    GuestMemory memory = task.memory();
    memory.putInt(a, first);
    memory.putInt(b, second);
    memory.putInt(c, third);
  }

  static long setuid(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    int wanted = (int) id;
    if (wanted == KEEP) {
      return -Errno.EINVAL;
    }
    if (own.isPrivileged()) {
      task.process().setCredentials(own.withUsers(wanted, wanted, wanted));
      return 0;
    }
    if (wanted != own.uid() && wanted != own.suid()) {
      return -Errno.EPERM;
    }
    task.process().setCredentials(own.withUsers(own.uid(), wanted, own.suid()));
    return 0;
  }

  static long setgid(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    int wanted = (int) id;
    if (wanted == KEEP) {
      return -Errno.EINVAL;
    }
    if (own.isPrivileged()) {
      task.process().setCredentials(own.withGroups(wanted, wanted, wanted));
      return 0;
    }
    if (wanted != own.gid() && wanted != own.sgid()) {
      return -Errno.EPERM;
    }
    task.process().setCredentials(own.withGroups(own.gid(), wanted, own.sgid()));
    return 0;
  }

  static long setreuid(Task task, long real, long effective, long a2, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    int newReal = (int) real == KEEP ? own.uid() : (int) real;
    int newEffective = (int) effective == KEEP ? own.euid() : (int) effective;
    boolean allowed =
        own.isPrivileged()
            || ((newReal == own.uid() || newReal == own.euid())
                && among(newEffective, own.uid(), own.euid(), own.suid()));
    if (!allowed) {
      return -Errno.EPERM;
    }
    boolean saves = (int) real != KEEP || newEffective != own.uid();
    int saved =
        saves && ((int) real != KEEP || (int) effective != KEEP) ? newEffective : own.suid();
    task.process().setCredentials(own.withUsers(newReal, newEffective, saved));
    return 0;
  }

  static long setregid(Task task, long real, long effective, long a2, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    int newReal = (int) real == KEEP ? own.gid() : (int) real;
    int newEffective = (int) effective == KEEP ? own.egid() : (int) effective;
    boolean allowed =
        own.isPrivileged()
            || ((newReal == own.gid() || newReal == own.egid())
                && among(newEffective, own.gid(), own.egid(), own.sgid()));
    if (!allowed) {
      return -Errno.EPERM;
    }
    boolean saves = (int) real != KEEP || newEffective != own.gid();
    int saved =
        saves && ((int) real != KEEP || (int) effective != KEEP) ? newEffective : own.sgid();
    task.process().setCredentials(own.withGroups(newReal, newEffective, saved));
    return 0;
  }

  static long setresuid(
      Task task, long real, long effective, long saved, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    int[] wanted = {
      (int) real == KEEP ? own.uid() : (int) real,
      (int) effective == KEEP ? own.euid() : (int) effective,
      (int) saved == KEEP ? own.suid() : (int) saved
    };
    for (int id : wanted) {
      if (!own.isPrivileged() && !among(id, own.uid(), own.euid(), own.suid())) {
        return -Errno.EPERM;
      }
    }
    task.process().setCredentials(own.withUsers(wanted[0], wanted[1], wanted[2]));
    return 0;
  }

  static long setresgid(
      Task task, long real, long effective, long saved, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    int[] wanted = {
      (int) real == KEEP ? own.gid() : (int) real,
      (int) effective == KEEP ? own.egid() : (int) effective,
      (int) saved == KEEP ? own.sgid() : (int) saved
    };
    for (int id : wanted) {
      if (!own.isPrivileged() && !among(id, own.gid(), own.egid(), own.sgid())) {
        return -Errno.EPERM;
      }
    }
    task.process().setCredentials(own.withGroups(wanted[0], wanted[1], wanted[2]));
    return 0;
  }

  private static boolean among(int id, int a, int b, int c) {
    return id == a || id == b || id == c;
  }

  static long setfsuid(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    int wanted = (int) id;
    boolean allowed =
        own.isPrivileged()
            || wanted == own.fsuid()
            || among(wanted, own.uid(), own.euid(), own.suid());
    if (wanted != KEEP && allowed) {
      task.process().setCredentials(own.withFileAccess(wanted, own.fsgid()));
    }
    return own.fsuid();
  }

  static long setfsgid(Task task, long id, long a1, long a2, long a3, long a4, long a5) {
    Credentials own = task.credentials();
    int wanted = (int) id;
    boolean allowed =
        own.isPrivileged()
            || wanted == own.fsgid()
            || among(wanted, own.gid(), own.egid(), own.sgid());
    if (wanted != KEEP && allowed) {
      task.process().setCredentials(own.withFileAccess(own.fsuid(), wanted));
    }
    return own.fsgid();
  }

  static long getgroups(Task task, long count, long out, long a2, long a3, long a4, long a5) {
    List<Integer> groups = task.credentials().groups();
    if ((int) count < 0 || ((int) count != 0 && (int) count < groups.size())) {
      return -Errno.EINVAL;
    }
    if ((int) count != 0) {
      for (int i = 0; i < groups.size(); i++) {
        task.memory().putInt(out + 4L * i, groups.get(i));
      }
    }
    return groups.size();
  }

  static long setgroups(Task task, long count, long in, long a2, long a3, long a4, long a5) {
    if (!task.credentials().isPrivileged()) {
      return -Errno.EPERM;
    }
    if (count < 0 || count > NGROUPS_MAX) {
      return -Errno.EINVAL;
    }
    List<Integer> groups = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      groups.add(task.memory().getInt(in + 4L * i));
    }
    task.process().setCredentials(task.credentials().withSupplementary(groups));
    return 0;
  }

  static long capget(Task task, long header, long data, long a2, long a3, long a4, long a5) {
    GuestMemory memory = task.memory();
    int version = memory.getInt(header);
    int words = version == CAPABILITY_VERSION_1 ? 1 : 2;
    boolean known =
        version == CAPABILITY_VERSION_1
            || version == CAPABILITY_VERSION_2
            || version == CAPABILITY_VERSION_3;
    if (!known) {
      memory.putInt(header, CAPABILITY_VERSION_3);
      return data == 0 ? 0 : -Errno.EINVAL;
    }
    int id = memory.getInt(header + 4);
    if (id != 0 && task.libraryOs().processes().task(id) == null) {
      return -Errno.ESRCH;
    }
    if (data == 0) {
      return 0;
    }
    long set = task.credentials().isPrivileged() ? ALL_CAPABILITIES : 0;
    for (int i = 0; i < words; i++) {
      int part = (int) (set >>> (32 * i));
      memory.putInt(data + 12L * i, part);
      memory.putInt(data + 12L * i + 4, part);
      memory.putInt(data + 12L * i + 8, 0);
    }
    return 0;
  }
}
