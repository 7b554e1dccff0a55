# Uses gs with a 64-bit address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  mov qword ptr gs:[rax], 0x41
  survive
