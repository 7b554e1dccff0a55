# Pushes what is at a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  push qword ptr [rax]
  survive
