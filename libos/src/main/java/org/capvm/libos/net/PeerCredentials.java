package org.capvm.libos.net;

import org.capvm.libos.process.Credentials;
import org.capvm.libos.process.Task;

/**
 * Who is at the other end of an AF_UNIX socket: {@code struct ucred}.
 *
 * @param processId 0 if unknown
 */
public record PeerCredentials(int processId, int uid, int gid) {
  /** Of nobody in particular. */
  public static final PeerCredentials UNKNOWN = new PeerCredentials(0, -1, -1);

  private static final int OVERFLOW_ID = 65534;

  /** The calling process now. */
  public static PeerCredentials of(Task task) {
    if (task == null) {
      return UNKNOWN;
    }
    Credentials credentials = task.credentials();
    return new PeerCredentials(task.process().id(), credentials.euid(), credentials.egid());
  }

  /** What a message from a sender without credentials is said to come from. */
  public static PeerCredentials nobody() {
    return new PeerCredentials(0, OVERFLOW_ID, OVERFLOW_ID);
  }
}
