package org.capvm.libos.identity;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.memory.MemoryLimit;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;

/** The system's name, its size, random numbers, and what {@code prctl} changes. */
final class SystemCalls {
  /**
   * Linux's version as guests see it: the oldest long-term one whose calls are all in the table.
   */
  static final String RELEASE = "6.1.0";

  private static final String VERSION = "#1 SMP PREEMPT_DYNAMIC CapVM";
  private static final int NAME_BYTES = 65;
  private static final int NAME_MAX = 64;
  private static final int SYSINFO_BYTES = 112;
  private static final int GRND_NONBLOCK = 1;
  private static final int GRND_RANDOM = 2;
  private static final int GRND_INSECURE = 4;
  private static final int RANDOM_CHUNK = 1 << 16;
  private static final long RANDOM_MAX = 0x7fff_ffffL;

  private SystemCalls() {}

  static long uname(Task task, long out, long a1, long a2, long a3, long a4, long a5) {
    LibraryOs system = task.libraryOs();
    String[] fields = {"Linux", system.hostName(), RELEASE, VERSION, "x86_64", system.domainName()};
    byte[] bytes = new byte[NAME_BYTES * fields.length];
    for (int i = 0; i < fields.length; i++) {
      byte[] field = fields[i].getBytes(StandardCharsets.ISO_8859_1);
      System.arraycopy(field, 0, bytes, i * NAME_BYTES, Math.min(field.length, NAME_MAX));
    }
    task.memory().write(out, bytes, 0, bytes.length);
    return 0;
  }

  static long sethostname(Task task, long in, long length, long a2, long a3, long a4, long a5) {
    task.libraryOs().setHostName(readName(task, in, length));
    return 0;
  }

  static long setdomainname(Task task, long in, long length, long a2, long a3, long a4, long a5) {
    task.libraryOs().setDomainName(readName(task, in, length));
    return 0;
  }

  private static String readName(Task task, long in, long length) {
    if (!task.credentials().isPrivileged()) {
      throw ErrnoException.of(Errno.EPERM);
    }
    if (length < 0 || length > NAME_MAX) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    byte[] name = new byte[(int) length];
    task.memory().read(in, name, 0, name.length);
    return new String(name, StandardCharsets.ISO_8859_1);
  }

  static long sysinfo(Task task, long out, long a1, long a2, long a3, long a4, long a5) {
    MemorySegment host = HostScratch.get();
    ErrnoException.check(Hostcalls.sysinfo(host.address()));
    long unit = Integer.toUnsignedLong(host.get(ValueLayout.JAVA_INT, 104));
    long total = host.get(ValueLayout.JAVA_LONG, 32) * unit;
    long free = host.get(ValueLayout.JAVA_LONG, 40) * unit;
    MemoryLimit limit = task.libraryOs().memoryLimit();
    if (limit.limitBytes() < total) {
      total = limit.limitBytes();
      free = Math.min(free, Math.max(0, total - limit.usedBytes()));
    }
    GuestMemory memory = task.memory();
    memory.fill(out, SYSINFO_BYTES, (byte) 0);
    memory.putLong(out, (System.nanoTime() - task.libraryOs().startNanos()) / 1_000_000_000L);
    for (int load = 0; load < 3; load++) {
      memory.putLong(out + 8 + 8L * load, host.get(ValueLayout.JAVA_LONG, 8 + 8L * load));
    }
    memory.putLong(out + 32, total);
    memory.putLong(out + 40, free);
    int count = task.libraryOs().processes().processes().size();
    memory.putShort(out + 80, (short) count);
    memory.putInt(out + 104, 1);
    return 0;
  }

  static long getrandom(Task task, long out, long length, long flags, long a3, long a4, long a5) {
    int exclusive = GRND_RANDOM | GRND_INSECURE;
    if ((flags & ~(GRND_NONBLOCK | exclusive)) != 0 || (flags & exclusive) == exclusive) {
      return -Errno.EINVAL;
    }
    long wanted =
        Math.min(Long.compareUnsigned(length, RANDOM_MAX) > 0 ? RANDOM_MAX : length, RANDOM_MAX);
    AddressLayout.requireUserRange(out, wanted);
    MemorySegment scratch = HostScratch.get();
    long done = 0;
    while (done < wanted) {
      long chunk = Math.min(RANDOM_CHUNK, wanted - done);
      // What follows may be a page that is not there: the bytes before it count.
      chunk = Math.min(chunk, AddressLayout.PAGE - ((out + done) & (AddressLayout.PAGE - 1)));
      ErrnoException.check(Hostcalls.getrandom(scratch.address(), chunk, (int) flags));
      try {
        task.memory().write(out + done, scratch.asSlice(0, chunk));
      } catch (GuestMemoryFault endsThere) {
        if (done == 0) {
          throw endsThere;
        }
        return done;
      }
      done += chunk;
    }
    return done;
  }

  static long personality(Task task, long persona, long a1, long a2, long a3, long a4, long a5) {
    int wanted = (int) persona;
    int addressNoRandomize = 0x0040000;
    boolean known = wanted == -1 || (wanted & ~addressNoRandomize) == 0;
    return known ? 0 : -Errno.EINVAL;
  }

  static long membarrier(Task task, long command, long flags, long cpu, long a3, long a4, long a5) {
    int query = 0;
    int privateExpedited = 1 << 3;
    int registerPrivateExpedited = 1 << 4;
    int global = 1;
    if (flags != 0) {
      return -Errno.EINVAL;
    }
    if ((int) command == query) {
      return global | privateExpedited | registerPrivateExpedited;
    }
    if ((int) command == global || (int) command == privateExpedited) {
      return Hostcalls.membarrierGlobal();
    }
    return (int) command == registerPrivateExpedited ? 0 : -Errno.EINVAL;
  }
}
