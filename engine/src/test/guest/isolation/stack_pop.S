# Pops a host address into the stack pointer.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  push rax
  pop rsp
attempt:
  push rbx
  survive
