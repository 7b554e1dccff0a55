package org.capvm.libos.ipc;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.process.Task;

/** A message queue: {@code msgget(2)}. Guarded by the namespace's lock. */
final class MessageQueue extends IpcObject {
  static final String HEADING =
      "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid"
          + "      stime      rtime      ctime\n";

  private final List<Message> messages = new ArrayList<>();
  private final MessageBudget budget;
  private final WaitQueue changed = new WaitQueue();
  private long bytes;
  private long maxBytes = IpcNamespace.MSGMNB;
  private int lastSender;
  private int lastReceiver;
  private long sendSeconds;
  private long receiveSeconds;

  MessageQueue(Task task, int key, int flags, MessageBudget budget) {
    super(task, key, flags);
    this.budget = budget;
  }

  /** Where senders wait for room, and receivers for messages. */
  WaitQueue changed() {
    return changed;
  }

  int messageCount() {
    return messages.size();
  }

  long byteCount() {
    return bytes;
  }

  /** Sets how many bytes of text there may be; as many messages, too. */
  void limit(long bytesAtMost) {
    maxBytes = bytesAtMost;
    changed.announce(0);
  }

  /** Adds a message; false if there is no room. ENOMEM if the cVM has too many. */
  boolean add(Task task, Message message) {
    boolean fits =
        Long.compareUnsigned(bytes + message.text().length, maxBytes) <= 0
            && Long.compareUnsigned(messages.size() + 1L, maxBytes) <= 0;
    if (!fits) {
      return false;
    }
    budget.take(message);
    messages.add(message);
    bytes += message.text().length;
    lastSender = task.process().id();
    sendSeconds = nowSeconds();
    changed.announce(0);
    return true;
  }

  /**
   * Takes the first message that is wanted, or null.
   *
   * @param roomBytes E2BIG if its text is longer, and it stays
   */
  Message take(Task task, MessageChoice choice, long roomBytes) {
    Message found = choice.among(messages);
    if (found == null) {
      return null;
    }
    if (found.text().length > roomBytes) {
      throw ErrnoException.of(Errno.E2BIG);
    }
    remove(found);
    budget.give(found);
    bytes -= found.text().length;
    lastReceiver = task.process().id();
    receiveSeconds = nowSeconds();
    changed.announce(0);
    return found;
  }

  @SuppressWarnings("ReferenceEquality") // this message, not one like it
  private void remove(Message message) {
    for (Iterator<Message> each = messages.iterator(); each.hasNext(); ) {
      if (each.next() == message) {
        each.remove();
        return;
      }
    }
  }

  /** The message at a place in the queue, which stays there; or null. */
  Message at(long place) {
    return place < 0 || place >= messages.size() ? null : messages.get((int) place);
  }

  @Override
  void released() {
    messages.forEach(budget::give);
    messages.clear();
    changed.announce(0);
  }

  @Override
  IpcStructure structure() {
    IpcStructure structure = new IpcStructure(120);
    putPermissions(structure);
    return structure
        .putLong(48, sendSeconds)
        .putLong(56, receiveSeconds)
        .putLong(64, changeSeconds())
        .putLong(72, bytes)
        .putLong(80, messages.size())
        .putLong(88, maxBytes)
        .putInt(96, lastSender)
        .putInt(100, lastReceiver);
  }

  @Override
  String line() {
    return String.format(
        "%10d %10d  %4o  %10d %10d %5d %5d %5d %5d %5d %5d %10d %10d %10d%n",
        key(),
        id(),
        mode(),
        bytes,
        messages.size(),
        lastSender,
        lastReceiver,
        user(),
        group(),
        creatorUser(),
        creatorGroup(),
        sendSeconds,
        receiveSeconds,
        changeSeconds());
  }
}
