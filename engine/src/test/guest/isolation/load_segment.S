# Loads a segment register.
# ends: SIGSEGV at attempt or SIGILL at attempt
.include "isolation.inc"
_start:
  xor eax, eax
attempt:
  mov gs, eax
  survive
