package org.capvm.libos.ipc;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.LONG;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.TIMESPEC;
import static org.capvm.libos.ArgumentKind.UNSIGNED;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;

/** Rows of System V's shared memory, semaphores and message queues. */
public final class IpcFamily implements SystemCallFamily {
  private static final String UNDONE = "what is to be undone is a process's, not a thread's";

  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 29 ->
          partial(
              29,
              "shmget",
              (t, a, b, c, d, e, f) -> SharedSegmentCalls.get(t, (int) a, b, (int) c),
              "SHM_HUGETLB returns ENOMEM",
              HEX,
              SIZE,
              HEX);
      case 30 ->
          done(
              30,
              "shmat",
              (t, a, b, c, d, e, f) -> SharedSegmentCalls.attach(t, (int) a, b, (int) c),
              INT,
              ADDRESS,
              HEX);
      case 31 ->
          partial(
              31,
              "shmctl",
              (t, a, b, c, d, e, f) -> SharedSegmentCalls.control(t, (int) a, (int) b, c),
              "SHM_LOCK is recorded alone; shm_lpid knows of shmat and shmdt alone",
              INT,
              INT,
              ADDRESS);
      case 64 ->
          done(
              64,
              "semget",
              (t, a, b, c, d, e, f) -> SemaphoreCalls.get(t, (int) a, (int) b, (int) c),
              HEX,
              INT,
              HEX);
      case 65 ->
          partial(
              65,
              "semop",
              (t, a, b, c, d, e, f) -> SemaphoreCalls.operate(t, (int) a, b, c, 0),
              UNDONE,
              INT,
              ADDRESS,
              UNSIGNED);
      case 66 ->
          done(
              66,
              "semctl",
              (t, a, b, c, d, e, f) -> SemaphoreCalls.control(t, (int) a, (int) b, (int) c, d),
              INT,
              INT,
              INT,
              HEX);
      case 67 ->
          done(67, "shmdt", (t, a, b, c, d, e, f) -> SharedSegmentCalls.detach(t, a), ADDRESS);
      case 68 ->
          done(
              68,
              "msgget",
              (t, a, b, c, d, e, f) -> MessageQueueCalls.get(t, (int) a, (int) b),
              HEX,
              HEX);
      case 69 ->
          done(
              69,
              "msgsnd",
              (t, a, b, c, d, e, f) -> MessageQueueCalls.send(t, (int) a, b, c, (int) d),
              INT,
              ADDRESS,
              SIZE,
              HEX);
      case 70 ->
          done(
              70,
              "msgrcv",
              (t, a, b, c, d, e, f) -> MessageQueueCalls.receive(t, (int) a, b, c, d, (int) e),
              INT,
              ADDRESS,
              SIZE,
              LONG,
              HEX);
      case 71 ->
          done(
              71,
              "msgctl",
              (t, a, b, c, d, e, f) -> MessageQueueCalls.control(t, (int) a, (int) b, c),
              INT,
              INT,
              ADDRESS);
      case 220 ->
          partial(
              220,
              "semtimedop",
              (t, a, b, c, d, e, f) -> SemaphoreCalls.operate(t, (int) a, b, c, d),
              UNDONE,
              INT,
              ADDRESS,
              UNSIGNED,
              TIMESPEC);
      default -> null;
    };
  }
}
