# Shifts the stack pointer.
# ends: SIGSEGV at attempt or status 77
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  shl rsp, 5
attempt:
  push rbx
  survive
