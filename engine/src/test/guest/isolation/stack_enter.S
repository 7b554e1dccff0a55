# Enters frames of the largest size until the stack is used up.
# ends: SIGSEGV
.include "isolation.inc"
_start:
attempt:
  enter 0xfff0, 0
  jmp attempt
