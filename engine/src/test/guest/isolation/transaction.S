# Begins a hardware transaction.
# ends: SIGILL or status 77
.include "isolation.inc"
_start:
attempt:
  xbegin 1f
1:
  survive
