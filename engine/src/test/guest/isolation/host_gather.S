# Gathers from a host address with zero indices.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  vpcmpeqd xmm0, xmm0, xmm0
  vpxor xmm1, xmm1, xmm1
attempt:
  vpgatherdd xmm2, [rax + xmm1 * 4], xmm0
  survive
