# Writes the stack pointer with a sign-extending move.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  mov ebx, 0x90000000
  movsxd rsp, ebx
attempt:
  push rbx
  survive
