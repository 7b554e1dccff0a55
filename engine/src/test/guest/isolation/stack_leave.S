# Leaves a frame that was never entered.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  mov rbp, rax
attempt:
  leave
  push rbx
  survive
