# Calls the kernel through the old gate.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  mov eax, 1
  mov ebx, 66
attempt:
  int 0x80
  survive
