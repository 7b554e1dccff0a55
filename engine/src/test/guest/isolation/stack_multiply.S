# Multiplies the stack pointer.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  imul rsp, rsp, 77777
attempt:
  push rbx
  survive
