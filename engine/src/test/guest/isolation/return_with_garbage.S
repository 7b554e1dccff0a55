# Returns to an address whose upper half is garbage.
# ends: status 42 or SIGSEGV
.include "isolation.inc"
_start:
  lea rax, [rip + good]
  movabs rbx, 0x7fff00000000
  or rax, rbx
  push rax
attempt:
  ret
  survive
good:
  mov edi, 42
  finish
