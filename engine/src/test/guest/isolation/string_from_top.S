# Copies a string that starts just below 4 GiB, across the end.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  mov esi, 0xfffffff8
  lea rdi, [rip + area]
  mov ecx, 64
attempt:
  rep movsb
  survive
.bss
area: .skip 4096
