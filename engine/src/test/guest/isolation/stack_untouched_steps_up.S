# Walks the stack pointer upwards in steps that touch nothing themselves.
# ends: SIGSEGV
.include "isolation.inc"
_start:
again:
  add rsp, 127
  jmp again
