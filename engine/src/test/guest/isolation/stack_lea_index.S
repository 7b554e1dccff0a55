# Computes a far stack pointer with a scaled index.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  lea rsp, [rax + rax * 8 + 0x12345678]
attempt:
  push rbx
  survive
