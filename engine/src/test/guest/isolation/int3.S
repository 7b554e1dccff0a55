# Hits a breakpoint.
# ends: SIGTRAP
.include "isolation.inc"
_start:
attempt:
  int3
  survive
