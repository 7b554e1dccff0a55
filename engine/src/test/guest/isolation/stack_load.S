# Loads the stack pointer from memory.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  mov [rsp - 8], rax
  mov rsp, [rsp - 8]
attempt:
  push rbx
  survive
