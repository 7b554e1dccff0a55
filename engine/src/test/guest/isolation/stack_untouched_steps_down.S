# Walks the stack pointer downwards in steps that touch nothing themselves.
# ends: SIGSEGV
.include "isolation.inc"
_start:
again:
  sub rsp, 64
  jmp again
