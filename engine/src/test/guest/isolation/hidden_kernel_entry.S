# Hides a write to a host address inside an immediate and jumps there.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rax, 0x7fff30000000
  lea rbx, [rip + carrier + 2]
  jmp rbx
carrier:
  .byte 0x48, 0xb9
attempt:
  .byte 0x48, 0x89, 0x00             # mov [rax], rax
  .byte 0x90, 0x90, 0x90, 0x90, 0x90
  survive
