# Exchanges 16 bytes at a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rdi, rax
  and rdi, -16
attempt:
  lock cmpxchg16b [rdi]
  survive
