# Returns far, to 32-bit code.
# ends: SIGSEGV at attempt or SIGILL at attempt
.include "isolation.inc"
_start:
  push 0x23
  push 0x1000
attempt:
  retfq
  survive
