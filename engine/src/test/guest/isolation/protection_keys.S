# Writes the protection-key register.
# ends: SIGILL at attempt
.include "isolation.inc"
_start:
  xor eax, eax
  xor ecx, ecx
  xor edx, edx
attempt:
  wrpkru
  survive
