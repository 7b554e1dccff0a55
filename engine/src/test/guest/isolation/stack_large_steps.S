# Adds the largest immediate to the stack pointer again and again, pushing each time.
# ends: SIGSEGV
.include "isolation.inc"
_start:
again:
  add rsp, 0x7fffffff
  push rax
  jmp again
