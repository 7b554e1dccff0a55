# Raises a debug exception with the undocumented one-byte form.
# ends: SIGTRAP
.include "isolation.inc"
_start:
attempt:
  .byte 0xf1
  survive
