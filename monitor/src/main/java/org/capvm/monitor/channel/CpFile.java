package org.capvm.monitor.channel;

import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongBinaryOperator;
import org.capvm.machine.host.RawMemory;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.memory.FaultSafeAccess;
import org.capvm.monitor.memory.GuestMemory;
import org.capvm.monitor.memory.GuestMemoryFault;

/**
 * CP_File: a capability to a range of shared memory, for byte-granular reads and writes with one
 * copy, and for sleeping until a word changes.
 *
 * <p>Offsets and lengths are unsigned and checked against the capability; nothing is rounded.
 * Copies are not atomic: several readers and writers see each other's bytes as they come, as with
 * any shared memory, but aligned words of a wait are single accesses.
 *
 * <p>Threads: any.
 */
public final class CpFile implements SharedCapability {
  /** Bytes that a copy moves at a time: bounds how long a revocation waits for it. */
  private static final long MAX_COPY_BYTES = 1 << 20;

  private final Capability capability;
  private final SharedBuffer buffer;

  CpFile(Capability capability) {
    this.capability = capability;
    this.buffer = (SharedBuffer) capability.object();
  }

  @Override
  public long handle() {
    return capability.handle();
  }

  /** Bytes of its range. */
  public long lengthBytes() {
    return capability.lengthBytes();
  }

  /** What it allows: {@link Permissions}. */
  public int permissions() {
    return capability.permissions();
  }

  @Override
  public boolean isValid() {
    return capability.isValid();
  }

  /** The name under which the buffer is published, with the owner's. */
  public String name() {
    return buffer.publication().name();
  }

  /**
   * Makes a narrower one for the same holder; it ends with this one.
   *
   * @param offset from the start of this one's range
   * @throws CapabilityException NOT_VALID, OUT_OF_RANGE, NOT_PERMITTED, QUOTA_EXCEEDED
   */
  public CpFile restrict(long offset, long lengthBytes, int permissions) {
    return new CpFile(tree().derive(capability, offset, lengthBytes, permissions));
  }

  CpFile lentTo(Compartment borrower, long offset, long lengthBytes, int permissions) {
    return new CpFile(tree().lend(capability, borrower.table(), offset, lengthBytes, permissions));
  }

  // ---- copies

  /**
   * Copies out of the buffer into a guest's memory.
   *
   * @throws CapabilityException NOT_VALID, NOT_PERMITTED, OUT_OF_RANGE before anything is copied;
   *     BAD_MEMORY when either side's memory is not there, after some bytes perhaps
   * @throws org.capvm.monitor.memory.GuestMemoryFault if the range is not in the guest's address
   *     space
   */
  public void read(long offset, GuestMemory destination, long guestAddress, long lengthBytes) {
    long to = destination.hostAddress(guestAddress, lengthBytes);
    copy(
        offset,
        lengthBytes,
        Permissions.READ,
        (from, done, bytes) -> access().copy(to + done, from, bytes),
        (done, state) -> destination.repaired(guestAddress + done, state));
  }

  /**
   * Copies into the buffer from a guest's memory.
   *
   * @throws CapabilityException as {@link #read}
   */
  public void write(long offset, GuestMemory source, long guestAddress, long lengthBytes) {
    long from = source.hostAddress(guestAddress, lengthBytes);
    copy(
        offset,
        lengthBytes,
        Permissions.WRITE,
        (to, done, bytes) -> access().copy(to, from + done, bytes),
        (done, state) -> buffer.repaired(capability.range(offset + done, 0, 0), state));
  }

  /**
   * Fills a segment, on the heap or not, from the buffer.
   *
   * @throws CapabilityException as {@link #read}
   */
  public void read(long offset, MemorySegment destination) {
    copy(
        offset,
        destination.byteSize(),
        Permissions.READ,
        (from, done, bytes) -> access().copyTo(destination.asSlice(done, bytes), from, bytes),
        (done, state) -> state);
  }

  /**
   * Copies a segment, on the heap or not, into the buffer.
   *
   * @throws CapabilityException as {@link #read}
   */
  public void write(long offset, MemorySegment source) {
    copy(
        offset,
        source.byteSize(),
        Permissions.WRITE,
        (to, done, bytes) -> access().copyFrom(to, source.asSlice(done, bytes), bytes),
        (done, state) -> buffer.repaired(capability.range(offset + done, 0, 0), state));
  }

  /** Copies a piece; returns how many bytes at its end were not copied. */
  @FunctionalInterface
  private interface Piece {
    long copy(long sharedHostAddress, long done, long bytes);
  }

  /**
   * @param repair given the bytes done and the state before, makes the next store possible, see
   *     {@link GuestMemory#repaired}; the same state again if nothing can be done
   */
  private void copy(
      long offset, long lengthBytes, int permission, Piece piece, LongBinaryOperator repair) {
    long done = 0;
    long state = GuestMemory.UNTOUCHED;
    do {
      long left;
      capability.enter();
      try {
        long shared = capability.range(offset, lengthBytes, permission);
        long bytes = Math.min(lengthBytes - done, MAX_COPY_BYTES);
        left = piece.copy(shared + done, done, bytes);
        done += bytes - left;
      } finally {
        capability.leave();
      }
      if (left != 0) {
        // Not inside: whoever changes memory may be waiting for a revocation, and that for a leave.
        state = repaired(repair, done, state);
      }
    } while (done < lengthBytes);
  }

  private static long repaired(LongBinaryOperator repair, long done, long before) {
    try {
      long state = repair.applyAsLong(done, before);
      if (state != before) {
        return state;
      }
    } catch (GuestMemoryFault fault) {
      // The same answer as for the other side.
    }
    throw new CapabilityException(Reason.BAD_MEMORY);
  }

  // ---- sleeping

  /**
   * Begins to wait for a notification of a word, unless the word has another value already. Whoever
   * begins must end it, by being notified or with {@link WordWait#cancel}.
   *
   * @param offset of an {@code int} whose address in the owner's memory is a multiple of 4
   * @param wake called, on any thread, when the wait is over; may come before this returns
   * @throws CapabilityException VALUE_CHANGED; NOT_VALID, NOT_PERMITTED without READ, OUT_OF_RANGE,
   *     BAD_MEMORY
   */
  public WordWait beginWait(long offset, int expected, Runnable wake) {
    return buffer.waiters().begin(capability, offset, expected, wake);
  }

  /**
   * Waits for a notification of a word, unless it has another value already.
   *
   * @param timeout the longest to wait
   * @throws CapabilityException as {@link #beginWait}; TIMED_OUT; NOT_VALID if this was revoked
   *     while waiting, OWNER_GONE if the owner ended
   * @throws InterruptedException if the thread was interrupted
   */
  public void await(long offset, int expected, Duration timeout) throws InterruptedException {
    Thread thread = Thread.currentThread();
    long deadline = System.nanoTime() + timeout.toNanos();
    WordWait wait = beginWait(offset, expected, () -> LockSupport.unpark(thread));
    try {
      while (!wait.isOver()) {
        long left = deadline - System.nanoTime();
        if (left <= 0 && wait.cancel()) {
          throw new CapabilityException(Reason.TIMED_OUT);
        }
        LockSupport.parkNanos(this, left);
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
    } finally {
      wait.cancel();
    }
  }

  /**
   * Wakes up to {@code count} of those who wait for a word, the longest waiting first. Changes to
   * memory made before are seen by them.
   *
   * @return how many were woken
   * @throws CapabilityException NOT_VALID, NOT_PERMITTED without NOTIFY, OUT_OF_RANGE
   */
  public int notifyWaiters(long offset, int count) {
    long word;
    boolean nobody;
    capability.enter();
    try {
      word = capability.range(offset, Integer.BYTES, Permissions.NOTIFY);
      nobody = RawMemory.getIntVolatile(capability.waitersAddress()) == 0;
    } finally {
      capability.leave();
    }
    return nobody ? 0 : buffer.waiters().wake(word, count);
  }

  // ---- passing on and ending

  @Override
  public void grant(String cvm, int permissions) {
    buffer.publication().grant(capability, cvm, permissions);
  }

  /**
   * Ends all that was derived from this or opened through its grants, and not this one. When it
   * returns, no access of theirs is in flight and none will start.
   */
  @Override
  public void revoke() {
    tree().revokeDerived(capability);
  }

  /**
   * Ends this one and all that was derived from it; the owner's ends the buffer. When it returns,
   * no access is in flight and none will start.
   */
  @Override
  public void close() {
    tree().revoke(capability);
  }

  private CapabilityTree tree() {
    return buffer.tree();
  }

  private FaultSafeAccess access() {
    return buffer.tree().access();
  }
}
