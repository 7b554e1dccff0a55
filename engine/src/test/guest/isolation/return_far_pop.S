# Returns and drops as many bytes as an instruction can, again and again.
# ends: SIGSEGV
.include "isolation.inc"
_start:
again:
  lea rax, [rip + again]
  push rax
attempt:
  ret 0xfff8
  survive
