# Scatters with an EVEX instruction, which guests do not have.
# ends: SIGILL at attempt
.include "isolation.inc"
_start:
attempt:
  .byte 0x62, 0xf2, 0x7d, 0x09, 0xa0, 0x04, 0x88  # vpscatterdd [rax + xmm1 * 4]{k1}, xmm0
  survive
