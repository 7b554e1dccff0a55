package org.capvm.libos;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.capability.CapabilityFamily;
import org.capvm.libos.file.calls.AttributeNameFamily;
import org.capvm.libos.file.calls.EventFamily;
import org.capvm.libos.file.calls.FileFamily;
import org.capvm.libos.file.calls.NameFamily;
import org.capvm.libos.futex.FutexFamily;
import org.capvm.libos.identity.IdentityFamily;
import org.capvm.libos.ipc.IpcFamily;
import org.capvm.libos.memory.MemoryFamily;
import org.capvm.libos.net.NetworkFamily;
import org.capvm.libos.process.ProcessFamily;
import org.capvm.libos.signal.SignalFamily;
import org.capvm.libos.time.TimeFamily;
import org.capvm.monitor.gate.CapabilityRoutine;

/**
 * Every system call of x86-64 Linux, one row each, and CapVM's own for capabilities, far above
 * them. Rows are built when first asked for; a number no family claims has a row of level {@link
 * SupportLevel#MISSING}. Safe for use by many threads: building a row twice gives equal rows.
 */
public final class SystemCallTable {
  /** One more than the highest of Linux's numbers. */
  public static final int LIMIT = SystemCallNames.LIMIT;

  /** How many counters calls need; {@link #counter} says which is whose. */
  public static final int COUNTERS = LIMIT + CapabilityFamily.CALLS;

  private static final SystemCallHandler NOT_THERE =
      (task, a0, a1, a2, a3, a4, a5) -> -Errno.ENOSYS;

  private static final SystemCallFamily[] FAMILIES = {
    new MemoryFamily(),
    new SignalFamily(),
    new ProcessFamily(),
    new FutexFamily(),
    new TimeFamily(),
    new IdentityFamily(),
    new FileFamily(),
    new NameFamily(),
    new EventFamily(),
    new AttributeNameFamily(),
    new NetworkFamily(),
    new IpcFamily()
  };

  private static final CapabilityFamily OWN = new CapabilityFamily();

  private static final SystemCall[] ROWS = new SystemCall[COUNTERS];

  private SystemCallTable() {}

  /** The row of a number, or null if neither Linux nor CapVM has such a call. */
  public static SystemCall row(int number) {
    int counter = counter(number);
    if (counter < 0) {
      return null;
    }
    SystemCall row = ROWS[counter];
    return row != null ? row : build(number);
  }

  /** Where a call is counted, below {@link #COUNTERS}; negative for a number no call can have. */
  public static int counter(int number) {
    if (number >= 0 && number < LIMIT) {
      return number;
    }
    int own = number - CapabilityRoutine.FIRST_SYSTEM_CALL;
    return own >= 0 && own < CapabilityFamily.CALLS ? LIMIT + own : -1;
  }

  /** CapVM's own calls, by number. */
  public static List<SystemCall> ownRows() {
    List<SystemCall> rows = new ArrayList<>();
    for (int own = 0; own < CapabilityFamily.CALLS; own++) {
      rows.add(row(CapabilityRoutine.FIRST_SYSTEM_CALL + own));
    }
    return rows;
  }

  /** Linux's rows, by number. */
  public static List<SystemCall> rows() {
    List<SystemCall> rows = new ArrayList<>();
    for (int number = 0; number < LIMIT; number++) {
      SystemCall row = row(number);
      if (row != null) {
        rows.add(row);
      }
    }
    return rows;
  }

  private static SystemCall build(int number) {
    if (number >= LIMIT) {
      SystemCall own = OWN.row(number);
      ROWS[counter(number)] = own;
      return own;
    }
    String name = SystemCallNames.of(number);
    if (name == null) {
      return null;
    }
    SystemCall row = claimed(number);
    if (row == null) {
      row = new SystemCall(number, name, NOT_THERE, SupportLevel.MISSING, "", List.of());
    }
    ROWS[number] = row;
    return row;
  }

  private static SystemCall claimed(int number) {
    for (SystemCallFamily family : FAMILIES) {
      SystemCall row = family.row(number);
      if (row != null) {
        return row;
      }
    }
    return null;
  }
}
