# Writes a host address through one register.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  mov qword ptr [rax], 0x41414141
  survive
