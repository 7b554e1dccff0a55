# Moves a host address into the stack pointer and pushes.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  mov rsp, rax
attempt:
  push rbx
  survive
