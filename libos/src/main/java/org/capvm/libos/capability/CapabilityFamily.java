package org.capvm.libos.capability;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.STRING;
import static org.capvm.libos.ArgumentKind.TIMESPEC;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.monitor.gate.CapabilityRoutine.FIRST_SYSTEM_CALL;

import org.capvm.libos.ArgumentKind;
import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;
import org.capvm.libos.SystemCallHandler;
import org.capvm.libos.abi.Errno;
import org.capvm.monitor.capability.CapabilityException;

/**
 * Rows of the calls for capabilities; the first ones are what routines of the monitor fall back to.
 */
public final class CapabilityFamily implements SystemCallFamily {
  /** How many there are, without gaps from {@code FIRST_SYSTEM_CALL} on. */
  public static final int CALLS = 23;

  @Override
  public SystemCall row(int number) {
    return switch (number - FIRST_SYSTEM_CALL) {
      case 0 -> own(0, "cp_file_read", CpFileCalls::read, HEX, SIZE, ADDRESS, SIZE);
      case 1 -> own(1, "cp_file_write", CpFileCalls::write, HEX, SIZE, ADDRESS, SIZE);
      case 2 -> own(2, "cp_file_notify", CpFileCalls::notifyWaiters, HEX, SIZE, INT);
      case 3 -> own(3, "cp_file_create", CpFileCalls::create, STRING, ADDRESS, SIZE, HEX);
      case 4 -> own(4, "cp_file_open", CpFileCalls::open, STRING);
      case 5 -> own(5, "cp_file_restrict", CpFileCalls::restrict, HEX, SIZE, SIZE, HEX);
      case 6 -> own(6, "cp_file_readv", CpFileCalls::readv, HEX, SIZE, ADDRESS, INT);
      case 7 -> own(7, "cp_file_writev", CpFileCalls::writev, HEX, SIZE, ADDRESS, INT);
      case 8 -> own(8, "cp_file_submit", CpFileCalls::submit, ADDRESS, INT);
      case 9 -> own(9, "cp_file_wait", CpFileCalls::await, HEX, SIZE, INT, TIMESPEC);
      case 10 -> own(10, "cp_file_grant", CpFileCalls::grant, HEX, STRING, HEX);
      case 11 -> own(11, "cp_file_revoke", CpFileCalls::revoke, HEX);
      case 12 -> own(12, "cp_file_close", CpFileCalls::close, HEX);
      case 13 -> own(13, "cp_file_stat", CpFileCalls::stat, HEX, ADDRESS);
      case 14 -> own(14, "cp_call_return", CpCallCalls::giveBack, HEX);
      case 15 -> own(15, "cp_call_export", CpCallCalls::export, STRING, ADDRESS);
      case 16 -> own(16, "cp_call_serve", CpCallCalls::serve, HEX);
      case 17 -> own(17, "cp_call", CpCallCalls::call, HEX, ADDRESS, ADDRESS, TIMESPEC);
      case 18 -> own(18, "cp_stream_create", CpStreamCalls::create, STRING, HEX, ADDRESS);
      case 19 -> own(19, "cp_stream_open", CpStreamCalls::open, STRING, HEX);
      case 20 -> own(20, "cp_call_continue", CpCallCalls::goOn, HEX, ADDRESS, ADDRESS);
      case 21 -> own(21, "cp_call_wake", CpCallCalls::wake, HEX, INT);
      case 22 ->
          own(22, "cp_call_lend", CpCallCalls::lend, HEX, ADDRESS, ADDRESS, INT, ADDRESS, TIMESPEC);
      default -> null;
    };
  }

  private static SystemCall own(
      int index, String name, SystemCallHandler handler, ArgumentKind... arguments) {
    return done(FIRST_SYSTEM_CALL + index, name, refusing(handler), arguments);
  }

  private static SystemCallHandler refusing(SystemCallHandler handler) {
    return (task, a0, a1, a2, a3, a4, a5) -> {
      try {
        return handler.call(task, a0, a1, a2, a3, a4, a5);
      } catch (CapabilityException refusal) {
        return -errno(refusal);
      }
    };
  }

  /** The errno that stands for a refusal. */
  public static int errno(CapabilityException refusal) {
    return switch (refusal.reason()) {
      case NOT_VALID -> Errno.EBADF;
      case NOT_PERMITTED -> Errno.EACCES;
      case OUT_OF_RANGE -> Errno.ERANGE;
      case SEALED -> Errno.EPERM;
      case QUOTA_EXCEEDED -> Errno.ENOSPC;
      case UNKNOWN_NAME -> Errno.ENOENT;
      case NAME_TAKEN -> Errno.EEXIST;
      case BAD_MEMORY -> Errno.EFAULT;
      case VALUE_CHANGED -> Errno.EAGAIN;
      case TIMED_OUT -> Errno.ETIMEDOUT;
      case OWNER_GONE -> Errno.EOWNERDEAD;
    };
  }
}
