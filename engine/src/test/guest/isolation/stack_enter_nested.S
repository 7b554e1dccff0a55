# Enters nested frames through a far frame pointer.
# ends: SIGSEGV or SIGILL
.include "isolation.inc"
_start:
  movabs rbp, 0x7fff30000000
attempt:
  enter 64, 3
  survive
