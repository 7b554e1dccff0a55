# Stores a string downwards without end.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  lea rdi, [rip + area]
  mov rcx, -1
  std
attempt:
  rep stosq
  survive
.bss
area: .skip 4096
