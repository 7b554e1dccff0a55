# Jumps to a guest address above 2 GiB, where table offsets change sign.
# ends: SIGSEGV
.include "isolation.inc"
_start:
  mov eax, 0xfffffff0
  jmp rax
  survive
