# Jumps to a guest address where nothing is.
# ends: SIGSEGV
.include "isolation.inc"
_start:
  mov eax, 0x30000000
  jmp rax
  survive
