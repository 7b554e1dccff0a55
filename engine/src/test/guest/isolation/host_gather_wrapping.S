# Gathers with 64-bit indices that wrap out of the slot.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  vmovq xmm1, rax
  vpunpcklqdq xmm1, xmm1, xmm1
  vpcmpeqd xmm0, xmm0, xmm0
  xor ebx, ebx
attempt:
  vpgatherqq xmm2, [rbx + xmm1 * 8], xmm0
  survive
