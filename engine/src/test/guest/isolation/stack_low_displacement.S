# Moves the stack pointer to the bottom and writes far below it.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  xor eax, eax
  mov rsp, rax
attempt:
  mov qword ptr [rsp - 0x7fffffff], 0x41
  survive
