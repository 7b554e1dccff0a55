# Looks for values of the host in vector registers and the stack pointer after a system call.
# ends: status 42
.include "isolation.inc"
_start:
  mov eax, 39
  syscall
  mov rax, rsp
  shr rax, 32
  jnz 1f
  vpxor xmm15, xmm15, xmm15
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
  vpor ymm15, ymm15, ymm\n
  .endr
  vptest ymm15, ymm15
  jnz 1f
  mov edi, 42
  finish
1:
  survive
