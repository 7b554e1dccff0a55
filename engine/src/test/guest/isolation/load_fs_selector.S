# Loads FS with a selector, which would reset its base.
# ends: SIGSEGV at attempt or SIGILL at attempt
.include "isolation.inc"
_start:
  mov eax, 0x2b
attempt:
  mov fs, eax
  survive
