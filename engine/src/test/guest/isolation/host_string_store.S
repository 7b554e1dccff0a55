# Stores a string to a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rdi, rax
  mov ecx, 16
attempt:
  rep stosb
  survive
