# Stores under a byte mask at a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rdi, rax
  pcmpeqb xmm0, xmm0
attempt:
  maskmovdqu xmm0, xmm0
  survive
