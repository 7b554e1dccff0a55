# Moves the GS base to a host address, and uses it if that was allowed.
# ends: SIGILL or SIGSEGV
.include "isolation.inc"
_start:
  host_address
attempt:
  wrgsbase rax
  mov qword ptr gs:[0], 0x41
  survive
