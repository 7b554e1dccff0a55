# Loads a string of 2^63 elements.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  lea rsi, [rip + area]
  movabs rcx, 0x8000000000000000
attempt:
  rep lodsq
  survive
.bss
area: .skip 4096
