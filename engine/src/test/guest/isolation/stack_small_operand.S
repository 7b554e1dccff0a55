# Writes the 16-bit part of the stack pointer, then its 32-bit part.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  mov sp, 8
  mov esp, eax
attempt:
  push rbx
  survive
