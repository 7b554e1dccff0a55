# Jumps to a host address.
# ends: SIGSEGV
.include "isolation.inc"
_start:
  host_address
attempt:
  jmp rax
  survive
