# Reads eight bytes of which the last ones lie behind 4 GiB.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  mov eax, 0xfffffffc
attempt:
  mov rbx, [rax]
  survive
