# Loads an immediate host address into the stack pointer.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  movabs rsp, 0x7fff30000000
attempt:
  push rbx
  survive
