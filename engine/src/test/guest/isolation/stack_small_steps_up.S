# Walks the stack pointer upwards in small steps, touching each.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
attempt:
  pop rax
  jmp attempt
