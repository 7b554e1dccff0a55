# Returns to a host address.
# ends: SIGSEGV
.include "isolation.inc"
_start:
  host_address
  push rax
attempt:
  ret
  survive
