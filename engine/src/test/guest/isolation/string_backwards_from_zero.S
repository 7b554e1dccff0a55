# Scans a string backwards from address 0.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  xor edi, edi
  mov rcx, -1
  std
attempt:
  repne scasb
  survive
