# Uses fs with a 64-bit address and its thread pointer at zero.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  mov qword ptr fs:[rax], 0x41
  survive
