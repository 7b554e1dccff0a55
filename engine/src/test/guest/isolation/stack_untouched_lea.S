# Walks the stack pointer away with lea, in the largest steps that are small.
# ends: SIGSEGV
.include "isolation.inc"
_start:
again:
  lea rsp, [rsp - 4096]
  jmp again
