# Moves the FS base to a host address, and uses it if that was allowed.
# ends: SIGILL or SIGSEGV
.include "isolation.inc"
_start:
  host_address
attempt:
  wrfsbase rax
  mov qword ptr fs:[0], 0x41
  survive
