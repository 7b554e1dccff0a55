# Puts code on the stack and jumps there.
# ends: SIGSEGV
.include "isolation.inc"
_start:
  mov dword ptr [rsp - 64], 0x90909090
  lea rax, [rsp - 64]
  jmp rax
  survive
