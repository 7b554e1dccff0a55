# Reads address 0.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
attempt:
  mov rax, [0]
  survive
