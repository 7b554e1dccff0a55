# Calls with the stack pointer at address 0.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  xor esp, esp
attempt:
  call 1f
1:
  survive
