# Puts every prefix there is before a store to a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  .byte 0x3e, 0x26, 0x36, 0x2e, 0x66, 0x48, 0x89, 0x00
  survive
