# Writes a 64-bit absolute address (moffs form).
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
attempt:
  movabs [0x7fff30000000], eax
  survive
