# Clears the stack pointer.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  and rsp, 0
attempt:
  push rbx
  survive
