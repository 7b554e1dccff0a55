# Writes as far below the stack pointer as a displacement reaches.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
attempt:
  mov qword ptr [rsp - 0x7fffffff], 0x41
  survive
