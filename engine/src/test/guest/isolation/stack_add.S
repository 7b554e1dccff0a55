# Adds a far distance to the stack pointer.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  add rsp, rax
attempt:
  push rbx
  survive
