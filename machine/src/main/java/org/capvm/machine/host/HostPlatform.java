package org.capvm.machine.host;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/** What the kernel tells a process about the machine. Threads: any. */
public final class HostPlatform {
  /** Auxiliary vector: host address of the vDSO's ELF header. */
  public static final long AT_SYSINFO_EHDR = 33;

  /** Auxiliary vector: more features of the processor. */
  public static final long AT_HWCAP2 = 26;

  /** In {@link #AT_HWCAP2}: user code may read and write the FS and GS bases. */
  public static final long HWCAP2_FSGSBASE = 2;

  /** Auxiliary vector: bytes a signal's frame may take on this machine. */
  public static final long AT_MINSIGSTKSZ = 51;

  private static final MethodHandle GETAUXVAL =
      NativeCall.of("getauxval", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));

  private HostPlatform() {}

  /** A value of the auxiliary vector, 0 if the kernel gave none of that type. */
  public static long getauxval(long type) {
    try {
      return (long) GETAUXVAL.invokeExact(type);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }
}
