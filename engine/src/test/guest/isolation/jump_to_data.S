# Jumps to writable data.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  lea rax, [rip + attempt]
  jmp rax
  survive
.data
attempt:
  nop
  nop
  ret
