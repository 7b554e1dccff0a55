# Uses rsp as base and the distance to a host address as index.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  sub rax, rsp
attempt:
  mov qword ptr [rsp + rax], 0x41
  survive
