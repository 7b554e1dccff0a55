# Enters the kernel by the 32-bit way.
# ends: SIGSEGV at attempt or SIGILL at attempt
.include "isolation.inc"
_start:
  mov eax, 1
  mov ebx, 66
attempt:
  sysenter
  survive
