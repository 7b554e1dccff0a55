# Writes to an input/output port.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
attempt:
  out 0x80, al
  survive
