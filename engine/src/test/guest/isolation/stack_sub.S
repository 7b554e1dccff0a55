# Subtracts a far distance from the stack pointer.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  sub rsp, rax
attempt:
  push rbx
  survive
