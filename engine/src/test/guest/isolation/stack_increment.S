# Increments the stack pointer until it leaves.
# ends: SIGSEGV
.include "isolation.inc"
_start:
  mov ecx, 0x3000000
again:
  inc rsp
  dec ecx
  jnz again
  push rax
  survive
