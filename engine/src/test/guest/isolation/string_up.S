# Stores a string upwards without end.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  lea rdi, [rip + area]
  mov rcx, -1
attempt:
  rep stosb
  survive
.bss
area: .skip 4096
