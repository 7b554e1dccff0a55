package org.capvm.machine.layout;

/**
 * The context block of a guest thread: one page of host memory.
 *
 * <p>While the guest runs, the fields from {@link #THREAD_START} to {@link #THREAD_END} are in
 * memory that is the host thread's own, at a fixed distance from FS base, where translated code
 * reaches them. Entering the guest copies there what translations read, and leaving it copies back
 * what they may have written.
 *
 * <pre>
 *   0x000  guest general registers, 16 × 8 bytes in encoding order; slot 11 is guest r11's home
 *   0x080  guest pc · 0x088 guest flags · 0x090 guest FS base · 0x098 guest GS base
 *   0x0a0  slot base B · 0x0a8 exit reason · 0x0ac trap kind
 *   0x0b0  host rsp · 0x0b8 guest rdi on the way out
 *   0x0c0  four scratch words of the translator
 *   0x0e0  guest MXCSR · 0x0e4 host MXCSR · 0x0e8 x87 used · 0x0ec kick pending
 *   0x0f0  of the host thread: which context runs, and where a routine returns to
 *   0x100  fault record · 0x140 host address of the table of capabilities
 *   0x148  calls between cVMs
 *   0x200  guest ymm0 … ymm15, 32 bytes each
 *   0x400  guest x87 state, in the format of FXSAVE, and an XSAVE header
 *   0x800  vDSO scratch, reserve
 * </pre>
 *
 * <p>Emitted code and Java use these constants alone; nothing else knows the offsets. All values
 * are bytes from the start of the block.
 */
public final class ContextLayout {
  /** Bytes of one context block; blocks are aligned to this. */
  public static final int BYTES = 4096;

  /** First byte of what the host thread has of the context that runs. */
  public static final int THREAD_START = 0x040;

  /** The byte after the last of what the host thread has of the context that runs. */
  public static final int THREAD_END = 0x100;

  /** Guest general registers in encoding order (rax, rcx, rdx, rbx, rsp, …), 8 bytes each. */
  public static final int GPR = 0x000;

  /** The permanent home of guest {@code r11}; the register itself is the translator's scratch. */
  public static final int R11 = GPR + 11 * 8;

  /** Guest stack pointer as saved at an exit, without the slot's base; entry adds the base. */
  public static final int RSP = GPR + 4 * 8;

  /** Guest pc to resume at (entry), or that an exit is about. */
  public static final int PC = 0x080;

  /** Guest RFLAGS at an exit and for the next entry. */
  public static final int FLAGS = 0x088;

  /** Guest FS base (thread pointer), a guest address. */
  public static final int TLS_BASE = 0x090;

  /** Guest GS base, a guest address. */
  public static final int GS_BASE = 0x098;

  /** Host address {@code B} of the slot the guest runs in. */
  public static final int SLOT_BASE = 0x0a0;

  /** Why control left the guest: an {@code int} code. */
  public static final int EXIT_REASON = 0x0a8;

  /** Which trap a translation raised: an {@code int}, a {@link TrapKind} code. */
  public static final int TRAP_KIND = 0x0ac;

  /** Host stack pointer while the guest runs. */
  public static final int HOST_RSP = 0x0b0;

  /** Of the host thread: guest {@code rdi} while the registers are saved. */
  public static final int SAVED_RDI = 0x0b8;

  /**
   * First of {@link #SPILL_WORDS} words in which a translation may keep a guest register briefly.
   */
  public static final int SPILL = 0x0c0;

  /** Number of scratch words at {@link #SPILL}. */
  public static final int SPILL_WORDS = 4;

  /** Guest MXCSR, 4 bytes. */
  public static final int MXCSR = 0x0e0;

  /** Host MXCSR, 4 bytes. */
  public static final int HOST_MXCSR = 0x0e4;

  /** One byte, not zero once the guest has run an x87 or MMX instruction. */
  public static final int X87_USED = 0x0e8;

  /**
   * One byte, not zero if the host thread's x87 registers were left as the guest had them at the
   * last exit.
   */
  public static final int X87_LIVE = 0x0e9;

  /** An {@code int}, not zero while a kick waits to be seen. */
  public static final int KICK_PENDING = 0x0ec;

  /** Of the host thread: host address of the context that runs, 0 while none does. */
  public static final int CURRENT = 0x0f0;

  /** Of the host thread: guest address that a routine of the monitor's returns to. */
  public static final int RETURN_PC = 0x0f8;

  /** Host instruction pointer at a fault. */
  public static final int FAULT_RIP = 0x100;

  /** Host signal number of a fault, 4 bytes. */
  public static final int FAULT_SIGNAL = 0x108;

  /** {@code si_code} of a fault, 4 bytes. */
  public static final int FAULT_CODE = 0x10c;

  /** {@code si_addr} of a fault, a host address. */
  public static final int FAULT_ADDRESS = 0x110;

  /** Processor trap number of a fault, 8 bytes. */
  public static final int FAULT_TRAP_NUMBER = 0x118;

  /** Processor error code of a fault, 8 bytes. */
  public static final int FAULT_ERROR = 0x120;

  /**
   * {@code r11} as it was at a fault or kick: the translator's scratch, not the guest's register.
   */
  public static final int RAW_R11 = 0x128;

  /** {@code rsp} as it was at a fault or kick, with the slot's base. */
  public static final int RAW_RSP = 0x130;

  /** RFLAGS to resume with at {@link #FAULT_RIP}. */
  public static final int RAW_FLAGS = 0x138;

  /** Host address of the cVM's table of capabilities, or 0. */
  public static final int CAPABILITIES = 0x140;

  /**
   * Host address of the context whose call runs on this one; 0 if none does, 1 if none may begin.
   */
  public static final int CALLER = 0x148;

  /** Host address of the context that this one's last call ran on, or 0. */
  public static final int CALLEE = 0x150;

  /** Of a context that is lent: host address of the list of contexts it is on. */
  public static final int CALL_TARGET = 0x160;

  /** Of a context that is lent: guest stack pointer at the function's first instruction. */
  public static final int CALL_STACK = 0x168;

  /** Of a context that is lent: guest address of the function. */
  public static final int CALL_FUNCTION = 0x170;

  /** Of a context that is lent: guest address the function returns to. */
  public static final int CALL_RETURN = 0x178;

  /** Of a context that is lent: guest FS base at the function's first instruction. */
  public static final int CALL_TLS_BASE = 0x180;

  /** Of a context that is lent: guest GS base at the function's first instruction. */
  public static final int CALL_GS_BASE = 0x188;

  /** Of a context that calls: the six words that it passes. */
  public static final int CALL_WORDS = 0x190;

  /** Guest ymm0 … ymm15, 32 bytes each. */
  public static final int VECTOR = 0x200;

  /** Guest x87 state in the format of FXSAVE, then an empty XSAVE header; 64-byte aligned. */
  public static final int X87 = 0x400;

  /** Scratch of the vDSO routines, up to the end of the block. */
  public static final int VDSO_SCRATCH = 0x800;

  private ContextLayout() {}

  /**
   * Offset of a general register's home.
   *
   * @param register 0 … 15 in encoding order
   */
  public static int gpr(int register) {
    return GPR + 8 * register;
  }
}
