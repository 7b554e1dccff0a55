package org.capvm.libos.ipc;

import static org.capvm.libos.ipc.IpcConstants.IPC_INFO;
import static org.capvm.libos.ipc.IpcConstants.IPC_NOWAIT;
import static org.capvm.libos.ipc.IpcConstants.IPC_RMID;
import static org.capvm.libos.ipc.IpcConstants.IPC_SET;
import static org.capvm.libos.ipc.IpcConstants.IPC_STAT;
import static org.capvm.libos.ipc.IpcConstants.S_IRUGO;
import static org.capvm.libos.ipc.IpcConstants.S_IWUGO;

import java.util.function.Supplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/** {@code msgget}, {@code msgsnd}, {@code msgrcv} and {@code msgctl}. */
final class MessageQueueCalls {
  private static final int MSG_NOERROR = 010000;
  private static final int MSG_EXCEPT = 020000;
  private static final int MSG_COPY = 040000;
  private static final int MSG_STAT = 11;
  private static final int MSG_INFO = 12;
  private static final int MSG_STAT_ANY = 13;
  private static final int TEXT = 8;

  private MessageQueueCalls() {}

  static long get(Task task, int key, int flags) {
    IpcNamespace namespace = task.libraryOs().ipc();
    synchronized (namespace) {
      return namespace.queues.get(
          task,
          key,
          flags,
          found -> {},
          () -> new MessageQueue(task, key, flags, namespace.messageBudget));
    }
  }

  static long send(Task task, int id, long at, long lengthBytes, int flags) {
    long type = task.memory().getLong(at);
    if (lengthBytes < 0 || lengthBytes > IpcNamespace.MSGMAX || id < 0 || type < 1) {
      return -Errno.EINVAL;
    }
    byte[] text = new byte[(int) lengthBytes];
    task.memory().read(at + TEXT, text, 0, text.length);
    Message message = new Message(type, text);
    MessageQueue queue = find(task, id);
    Supplier<Message> attempt = () -> queue.add(task, message) ? message : null;
    await(task, queue, S_IWUGO, (flags & IPC_NOWAIT) == 0 ? 0 : Errno.EAGAIN, attempt);
    return 0;
  }

  static long receive(Task task, int id, long at, long roomBytes, long type, int flags) {
    if (id < 0 || roomBytes < 0) {
      return -Errno.EINVAL;
    }
    boolean copies = (flags & MSG_COPY) != 0;
    boolean mayWait = (flags & IPC_NOWAIT) == 0;
    if (copies && (mayWait || (flags & MSG_EXCEPT) != 0)) {
      return -Errno.EINVAL;
    }
    MessageQueue queue = find(task, id);
    long most = (flags & MSG_NOERROR) != 0 ? Long.MAX_VALUE : roomBytes;
    MessageChoice choice = new MessageChoice(type, (flags & MSG_EXCEPT) != 0);
    Supplier<Message> attempt =
        () -> copies ? copy(queue, type, most) : queue.take(task, choice, most);
    Message message = await(task, queue, S_IRUGO, mayWait ? 0 : Errno.ENOMSG, attempt);
    int length = (int) Math.min(message.text().length, roomBytes);
    task.memory().putLong(at, message.type());
    task.memory().write(at + TEXT, message.text(), 0, length);
    return length;
  }

  private static Message copy(MessageQueue queue, long place, long most) {
    Message found = queue.at(place);
    if (found != null && found.text().length > most) {
      throw ErrnoException.of(Errno.E2BIG);
    }
    return found;
  }

  private static MessageQueue find(Task task, int id) {
    IpcNamespace namespace = task.libraryOs().ipc();
    synchronized (namespace) {
      return namespace.queues.withId(id);
    }
  }

  /**
   * Attempts something until it gives a message.
   *
   * @param permission what the queue's mode must allow
   * @param errnoInstead the error if it would have to wait, or 0 to do so
   */
  private static Message await(
      Task task, MessageQueue queue, int permission, int errnoInstead, Supplier<Message> attempt) {
    IpcNamespace namespace = task.libraryOs().ipc();
    Message[] result = new Message[1];
    try {
      queue
          .changed()
          .await(
              task,
              () -> {
                synchronized (namespace) {
                  if (queue.isRemoved()) {
                    throw ErrnoException.of(Errno.EIDRM);
                  }
                  queue.requirePermission(task.credentials(), permission);
                  result[0] = attempt.get();
                  if (result[0] == null && errnoInstead != 0) {
                    throw ErrnoException.of(errnoInstead);
                  }
                  return result[0] != null;
                }
              },
              Task.NEVER);
    } catch (ErrnoException failed) {
      throw failed.errno() == Errno.ERESTARTSYS ? ErrnoException.of(Errno.ERESTARTNOHAND) : failed;
    }
    return result[0];
  }

  static long control(Task task, int id, int command, long at) {
    if (id < 0 || command < 0) {
      return -Errno.EINVAL;
    }
    IpcNamespace namespace = task.libraryOs().ipc();
    IpcTable<MessageQueue> queues = namespace.queues;
    Credentials caller = task.credentials();
    GuestMemory memory = task.memory();
    synchronized (namespace) {
      return switch (command) {
        case IPC_INFO, MSG_INFO -> {
          information(queues, command == MSG_INFO).write(memory, at);
          yield queues.highestIndex();
        }
        case IPC_STAT, MSG_STAT, MSG_STAT_ANY -> {
          MessageQueue queue = command == IPC_STAT ? queues.withId(id) : queues.atIndex(id);
          if (command != MSG_STAT_ANY) {
            queue.requirePermission(caller, S_IRUGO);
          }
          queue.structure().write(memory, at);
          yield command == IPC_STAT ? 0 : queue.id();
        }
        case IPC_SET -> {
          IpcObject.Change change = IpcObject.Change.read(memory, at);
          long maxBytes = memory.getLong(at + 88);
          MessageQueue queue = queues.withId(id);
          queue.requireOwner(caller);
          boolean more = Long.compareUnsigned(maxBytes, IpcNamespace.MSGMNB) > 0;
          if (more && !caller.isPrivileged()) {
            yield -Errno.EPERM;
          }
          queue.change(change);
          queue.limit(maxBytes);
          yield 0;
        }
        case IPC_RMID -> {
          MessageQueue queue = queues.withId(id);
          queue.requireOwner(caller);
          queues.remove(queue);
          yield 0;
        }
        default -> -Errno.EINVAL;
      };
    }
  }

  /** {@code struct msginfo}. */
  private static IpcStructure information(IpcTable<MessageQueue> queues, boolean usage) {
    int messages = queues.all().stream().mapToInt(MessageQueue::messageCount).sum();
    long bytes = queues.all().stream().mapToLong(MessageQueue::byteCount).sum();
    int pool = IpcNamespace.MSGMNI * IpcNamespace.MSGMNB / 1024;
    return new IpcStructure(32)
        .putInt(0, usage ? queues.count() : pool)
        .putInt(4, usage ? messages : IpcNamespace.MSGMNB)
        .putInt(8, IpcNamespace.MSGMAX)
        .putInt(12, IpcNamespace.MSGMNB)
        .putInt(16, IpcNamespace.MSGMNI)
        .putInt(20, 16)
        .putInt(24, usage ? (int) bytes : IpcNamespace.MSGMNB)
        .putInt(28, 0xffff);
  }
}
