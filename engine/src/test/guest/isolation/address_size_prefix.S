# Uses the guest's own 32-bit address prefix.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  mov byte ptr [eax], 0x41
  survive
