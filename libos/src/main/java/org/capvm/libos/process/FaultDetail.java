package org.capvm.libos.process;

/**
 * What the processor said of a task's last fault, for signal frames.
 *
 * @param guestAddress the address accessed, as in cr2
 * @param trapNumber the exception vector: 14 for a page fault
 * @param errorCode the page fault's error code, as a user-mode access
 */
public record FaultDetail(long guestAddress, int trapNumber, long errorCode) {
  /** No fault yet. */
  public static final FaultDetail NONE = new FaultDetail(0, 0, 0);
}
