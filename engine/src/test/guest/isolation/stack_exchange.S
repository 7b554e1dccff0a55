# Exchanges the stack pointer with a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  xchg rsp, rax
attempt:
  push rbx
  survive
