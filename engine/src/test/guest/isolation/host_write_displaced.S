# Reaches a host address with base, index and displacement together.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rbx, 0x1234
  sub rax, 0x1234
  sub rax, 0x7fff0000
attempt:
  mov byte ptr [rax + rbx + 0x7fff0000], 0x41
  survive
