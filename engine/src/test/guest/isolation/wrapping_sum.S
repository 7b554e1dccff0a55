# Adds base and index beyond 2^64: the sum is a good address.
# ends: status 42
.include "isolation.inc"
_start:
  lea rax, [rip + area]
  mov rbx, -64
  add rax, 64
  mov qword ptr [rax + rbx], 42
  mov edi, [rip + area]
  finish
.bss
area: .skip 4096
