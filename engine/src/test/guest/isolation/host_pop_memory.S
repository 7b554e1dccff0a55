# Pops into a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  push 0x41
attempt:
  pop qword ptr [rax]
  survive
