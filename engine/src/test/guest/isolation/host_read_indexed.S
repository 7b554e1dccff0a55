# Splits a host address between base and scaled index.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rbx, rax
  shr rbx, 3
  and eax, 7
attempt:
  mov rcx, [rax + rbx * 8]
  survive
