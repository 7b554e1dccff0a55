# Computes a far stack pointer with lea.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  lea rsp, [rsp + rax]
attempt:
  push rbx
  survive
