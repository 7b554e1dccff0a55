# Reverses the bytes of the stack pointer.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  bswap rsp
attempt:
  push rbx
  survive
