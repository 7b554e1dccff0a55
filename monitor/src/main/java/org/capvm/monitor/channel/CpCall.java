package org.capvm.monitor.channel;

import java.util.function.LongSupplier;
import org.capvm.monitor.capability.Capability;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.Permissions;

/**
 * CP_Call: a sealed capability to a function of another cVM, which runs on the caller's thread.
 *
 * <p>Words go in, one word comes out. Whatever becomes of the callee, the caller gets a result or
 * an error. Revoking cuts calls in flight short; the revocation does not wait until the last of
 * them has noticed, so that a function may revoke what it was called through.
 *
 * <p>Threads: any; guests run on platform threads only.
 */
public final class CpCall implements SharedCapability {
  private final Capability capability;
  private final ExportedFunction function;

  CpCall(Capability capability) {
    this.capability = capability;
    this.function = (ExportedFunction) capability.object();
  }

  @Override
  public long handle() {
    return capability.handle();
  }

  @Override
  public boolean isValid() {
    return capability.isValid();
  }

  /** The function's runner, as it was given to {@link Compartment#export}. */
  public Callee callee() {
    return function.callee();
  }

  /**
   * Lends part of a buffer to the cVM whose function this is: for the time of a call, if the caller
   * closes the result after it.
   *
   * @param buffer allows to be passed on
   * @param offset from the start of the buffer's range
   * @throws CapabilityException NOT_VALID, OUT_OF_RANGE, NOT_PERMITTED, QUOTA_EXCEEDED of the
   *     callee
   */
  public CpFile lend(CpFile buffer, long offset, long lengthBytes, int permissions) {
    return buffer.lentTo(function.publication().owner(), offset, lengthBytes, permissions);
  }

  /** Prepares a call, so that it can be cut short from the moment it begins. */
  public Invocation prepare() {
    return new Invocation(capability);
  }

  /**
   * Calls the function.
   *
   * @param words its arguments
   * @param invocation made by {@link #prepare}, used once
   * @throws CapabilityException NOT_VALID, NOT_PERMITTED; TIMED_OUT or another reason if it was cut
   *     short; OWNER_GONE if the callee ended in any other way than by returning
   */
  public long call(long[] words, Invocation invocation) {
    if (capability.seal() != ExportedFunction.SEAL) {
      throw new CapabilityException(Reason.SEALED);
    }
    if (!Permissions.includes(capability.permissions(), Permissions.CALL)) {
      throw new CapabilityException(Reason.NOT_PERMITTED);
    }
    long[] passed = words.clone();
    return during(invocation, () -> function.callee().call(passed, invocation));
  }

  /**
   * Runs a call, or the rest of one that began without Java.
   *
   * @param invocation made by {@link #prepare}, used once
   * @throws CapabilityException NOT_VALID, or what the call throws
   */
  public long during(Invocation invocation, LongSupplier call) {
    return function.during(capability, invocation, call);
  }

  @Override
  public void grant(String cvm, int permissions) {
    function.publication().grant(capability, cvm, permissions);
  }

  @Override
  public void revoke() {
    function.tree().revokeDerived(capability);
  }

  @Override
  public void close() {
    function.tree().revoke(function.endedWith(capability));
  }
}
