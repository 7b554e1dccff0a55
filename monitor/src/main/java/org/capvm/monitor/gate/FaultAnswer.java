package org.capvm.monitor.gate;

/**
 * Decides what becomes of a fault in guest code: memory that is only there when it is asked for is
 * provided, and the guest never knows.
 *
 * <p>Threads: called on the guest's own thread, between two visits.
 */
@FunctionalInterface
public interface FaultAnswer {
  /** What to do about a fault. */
  enum Resolution {
    /** The fault is the guest's. */
    NOT_RESOLVED,
    /** The access will do now: the host instruction that faulted runs again. */
    RETRY,
    /**
     * The access will do now, but what follows must be translated anew: the host instruction runs
     * again, alone, and the guest goes on from the next instruction boundary.
     */
    STEP
  }

  /**
   * Looks at a fault.
   *
   * @param context has the fault record; its registers may be in the middle of a sequence and must
   *     be left alone
   */
  Resolution to(Context context);
}
