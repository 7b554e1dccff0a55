# Calls through a pointer at a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  call [rax]
  survive
