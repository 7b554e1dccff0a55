# Reads the shadow stack pointer, a no-op without shadow stacks.
# ends: status 77 or SIGILL
.include "isolation.inc"
_start:
attempt:
  rdsspq rax
  survive
