package org.capvm.libos.capability;

import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;
import org.capvm.libos.time.GuestTime;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.channel.Compartment;
import org.capvm.monitor.channel.CpCall;
import org.capvm.monitor.channel.CpFile;
import org.capvm.monitor.channel.SharedCapability;
import org.capvm.monitor.channel.WordWait;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * The calls on CP_Files, and what they share with CP_Calls. Handles are the cVM's: all its
 * processes share them.
 */
final class CpFileCalls {
  /** Linux's NAME_MAX: names lie in the Java heap, where each counts as one capability. */
  private static final int LONGEST_NAME = 255;

  /** Of an owner's name, a slash and a name. */
  private static final int LONGEST_QUALIFIED_NAME = 4096;

  private static final int IOV_MAX = 1024;
  private static final int IOVEC_BYTES = 16;

  /** In {@code struct cp_file_operation}: which operation. */
  private static final int OPERATION_READ = 0;

  private static final int OPERATION_WRITE = 1;
  private static final int OPERATION_BYTES = 48;
  private static final int OPERATIONS_MAX = 1 << 16;

  private CpFileCalls() {}

  static Compartment compartment(Task task) {
    return task.libraryOs().compartment();
  }

  private static CpFile file(Task task, long handle) {
    return compartment(task).file(handle);
  }

  static String name(Task task, long guestAddress) {
    return text(task, guestAddress, LONGEST_NAME);
  }

  /** The name of something that a cVM has published, with the owner's or without. */
  static String qualifiedName(Task task, long guestAddress) {
    return text(task, guestAddress, LONGEST_QUALIFIED_NAME);
  }

  private static String text(Task task, long guestAddress, int longest) {
    byte[] bytes = task.memory().readCString(guestAddress, longest + 1);
    if (bytes == null) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static long create(
      Task task, long name, long address, long length, long permissions, long a4, long a5) {
    return compartment(task)
        .create(name(task, name), task.addressSpace().slot(), address, length, allowed(permissions))
        .handle();
  }

  static long open(Task task, long name, long a1, long a2, long a3, long a4, long a5) {
    return compartment(task).open(qualifiedName(task, name)).handle();
  }

  static long restrict(
      Task task, long handle, long offset, long length, long permissions, long a4, long a5) {
    return file(task, handle).restrict(offset, length, allowed(permissions)).handle();
  }

  private static int allowed(long permissions) {
    if ((permissions & ~Permissions.ALL) != 0) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return (int) permissions;
  }

  static long read(
      Task task, long handle, long offset, long buffer, long length, long a4, long a5) {
    file(task, handle).read(offset, task.memory(), buffer, length);
    return length;
  }

  static long write(
      Task task, long handle, long offset, long buffer, long length, long a4, long a5) {
    file(task, handle).write(offset, task.memory(), buffer, length);
    return length;
  }

  static long readv(
      Task task, long handle, long offset, long vector, long count, long a4, long a5) {
    CpFile file = file(task, handle);
    return vectored(task, offset, vector, count, file::read);
  }

  static long writev(
      Task task, long handle, long offset, long vector, long count, long a4, long a5) {
    CpFile file = file(task, handle);
    return vectored(task, offset, vector, count, file::write);
  }

  @FunctionalInterface
  private interface Transfer {
    void move(long offset, GuestMemory memory, long guestAddress, long lengthBytes);
  }

  /** One after the other; what was moved before an error counts, as for files. */
  private static long vectored(Task task, long offset, long vector, long count, Transfer transfer) {
    if (count < 0 || count > IOV_MAX) {
      return -Errno.EINVAL;
    }
    GuestMemory memory = task.memory();
    long done = 0;
    for (int i = 0; i < count; i++) {
      long base = memory.getLong(vector + (long) i * IOVEC_BYTES);
      long length = memory.getLong(vector + (long) i * IOVEC_BYTES + 8);
      try {
        transfer.move(offset + done, memory, base, length);
      } catch (CapabilityException refusal) {
        if (done == 0) {
          throw refusal;
        }
        return done;
      }
      done += length;
    }
    return done;
  }

  /**
   * Carries out a queue of reads and writes in order. Each entry gets its own result; an error in
   * one does not stop the others. They are complete when the call returns: a copy between two
   * guests has nothing to wait for.
   *
   * <pre>
   *   struct cp_file_operation { int operation; int reserved; long handle; size_t offset;
   *                              void *buffer; size_t length; long result; };
   * </pre>
   */
  static long submit(Task task, long queue, long count, long a2, long a3, long a4, long a5) {
    if (count < 0 || count > OPERATIONS_MAX) {
      return -Errno.EINVAL;
    }
    GuestMemory memory = task.memory();
    for (int i = 0; i < count; i++) {
      long entry = queue + (long) i * OPERATION_BYTES;
      int operation = memory.getInt(entry);
      long handle = memory.getLong(entry + 8);
      long offset = memory.getLong(entry + 16);
      long buffer = memory.getLong(entry + 24);
      long length = memory.getLong(entry + 32);
      memory.putLong(entry + 40, result(task, operation, handle, offset, buffer, length));
    }
    return count;
  }

  private static long result(
      Task task, int operation, long handle, long offset, long buffer, long length) {
    try {
      return switch (operation) {
        case OPERATION_READ -> read(task, handle, offset, buffer, length, 0, 0);
        case OPERATION_WRITE -> write(task, handle, offset, buffer, length, 0, 0);
        default -> -Errno.EINVAL;
      };
    } catch (CapabilityException refusal) {
      return -CapabilityFamily.errno(refusal);
    } catch (GuestMemoryFault fault) {
      return -Errno.EFAULT;
    }
  }

  static long await(
      Task task, long handle, long offset, long expected, long timeout, long a4, long a5) {
    long deadline =
        timeout == 0
            ? Task.NEVER
            : GuestTime.deadlineAfter(GuestTime.readTimespec(task.memory(), timeout));
    WordWait wait = file(task, handle).beginWait(offset, (int) expected, task::wake);
    try {
      while (!wait.isOver()) {
        if (!task.park(deadline) && wait.cancel()) {
          return -Errno.ETIMEDOUT;
        }
      }
      return 0;
    } catch (ErrnoException interruption) {
      if (wait.cancel()) {
        throw interruption;
      }
      return 0;
    }
  }

  static long notifyWaiters(
      Task task, long handle, long offset, long count, long a3, long a4, long a5) {
    return file(task, handle).notifyWaiters(offset, Math.max(0, (int) count));
  }

  static long grant(Task task, long handle, long cvm, long permissions, long a3, long a4, long a5) {
    String grantee = name(task, cvm);
    SharedCapability granted = compartment(task).find(handle);
    CallGrants grants = task.libraryOs().callGrants();
    // Another cVM's function comes here too: it was given without the right to pass it on, unless
    // that cVM's own grants are free.
    if (grants != null
        && granted instanceof CpCall call
        && call.callee() instanceof ServedFunction function) {
      grants.check(function.name(), grantee, allowed(permissions));
    }
    granted.grant(grantee, allowed(permissions));
    return 0;
  }

  static long revoke(Task task, long handle, long a1, long a2, long a3, long a4, long a5) {
    compartment(task).find(handle).revoke();
    return 0;
  }

  static long close(Task task, long handle, long a1, long a2, long a3, long a4, long a5) {
    compartment(task).find(handle).close();
    return 0;
  }

  /** {@code struct cp_file_status { size_t length; unsigned permissions; unsigned reserved; }}. */
  static long stat(Task task, long handle, long out, long a2, long a3, long a4, long a5) {
    CpFile file = file(task, handle);
    task.memory().putLong(out, file.lengthBytes());
    task.memory().putLong(out + 8, file.permissions());
    return 0;
  }
}
