# Jumps to good code through a register whose upper half is garbage: a guest address is 32 bits wide, or it is refused.
# ends: status 42 or SIGSEGV
.include "isolation.inc"
_start:
  lea rax, [rip + good]
  movabs rbx, 0x7fff00000000
  or rax, rbx
attempt:
  jmp rax
  survive
good:
  mov edi, 42
  finish
