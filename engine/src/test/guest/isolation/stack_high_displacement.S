# Moves the stack pointer to the top of the guest's addresses and writes far above it.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  mov eax, 0xfffffff0
  mov rsp, rax
attempt:
  mov qword ptr [rsp + 0x7fffffff], 0x41
  survive
