# Halts the processor.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
attempt:
  hlt
  survive
