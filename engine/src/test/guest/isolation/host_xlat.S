# Looks a byte up in a table at a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rbx, rax
  xor eax, eax
attempt:
  xlatb
  survive
