# Uses rbp and the stack segment to reach a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rbp, rax
attempt:
  mov qword ptr [rbp + 0], 0x41
  survive
