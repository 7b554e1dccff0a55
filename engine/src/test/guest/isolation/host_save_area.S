# Saves the floating-point state to a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  and rax, -64
attempt:
  fxsave64 [rax]
  survive
