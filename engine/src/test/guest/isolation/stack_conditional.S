# Moves a host address into the stack pointer conditionally.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  cmp rax, rax
  cmove rsp, rax
attempt:
  push rbx
  survive
