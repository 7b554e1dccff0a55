package org.capvm.libos.ipc;

import java.util.List;
import java.util.stream.Collectors;
import org.capvm.libos.process.Process;

/**
 * The System V objects of one cVM. Thread-safe: its monitor guards them all. The limits are those
 * of a Linux system configured so that the objects cannot take much of the JVM's own memory;
 * segments count against the cVM's memory limit.
 */
public final class IpcNamespace implements AutoCloseable {
  /** {@code kernel.shmmni}. */
  public static final int SHMMNI = 4096;

  /** {@code kernel.shmmax} and {@code kernel.shmall}, unsigned. */
  public static final long SHMMAX = -(1L << 24) - 1;

  /** {@code kernel.sem}: semaphores in a set, semaphores, operations in a call, sets. */
  public static final int SEMMSL = 32000;

  public static final int SEMMNS = 32000;
  public static final int SEMOPM = 500;
  public static final int SEMMNI = 128;

  /** {@code kernel.msgmax}: bytes in a message. */
  public static final int MSGMAX = 8192;

  /** {@code kernel.msgmnb}: bytes in a queue. */
  public static final int MSGMNB = 16384;

  /** {@code kernel.msgmni}: queues. */
  public static final int MSGMNI = 512;

  final IpcTable<SharedSegment> segments = new IpcTable<>(SHMMNI);
  final IpcTable<SemaphoreSet> semaphores = new IpcTable<>(SEMMNI);
  final IpcTable<MessageQueue> queues = new IpcTable<>(MSGMNI);
  final MessageBudget messageBudget = new MessageBudget();
  final UndoBudget undoBudget = new UndoBudget();

  /** A process ends: what it wanted undone is. */
  public synchronized void ended(Process process) {
    semaphores.all().forEach(set -> set.undo(process));
  }

  /** Removes all that is left. */
  @Override
  public synchronized void close() {
    segments.all().forEach(segments::remove);
    semaphores.all().forEach(semaphores::remove);
    queues.all().forEach(queues::remove);
  }

  /** {@code /proc/sysvipc/shm}. */
  public synchronized String segmentsText() {
    return text(SharedSegment.HEADING, segments.all());
  }

  /** {@code /proc/sysvipc/sem}. */
  public synchronized String semaphoresText() {
    return text(SemaphoreSet.HEADING, semaphores.all());
  }

  /** {@code /proc/sysvipc/msg}. */
  public synchronized String queuesText() {
    return text(MessageQueue.HEADING, queues.all());
  }

  private static String text(String heading, List<? extends IpcObject> objects) {
    return objects.stream().map(IpcObject::line).collect(Collectors.joining("", heading, ""));
  }
}
