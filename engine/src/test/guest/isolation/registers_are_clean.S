# Looks for values of the host in every register at its start: all but the stack pointer are zero.
# ends: status 42
.include "isolation.inc"
_start:
  or rax, rbx
  or rax, rcx
  or rax, rdx
  or rax, rsi
  or rax, rdi
  or rax, rbp
  or rax, r8
  or rax, r9
  or rax, r10
  or rax, r11
  or rax, r12
  or rax, r13
  or rax, r14
  or rax, r15
  jnz 1f
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
