# Walks the stack pointer downwards in small steps, touching each.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
attempt:
  push rax
  jmp attempt
