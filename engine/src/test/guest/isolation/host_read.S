# Reads a host address through one register.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  mov rbx, [rax]
  survive
