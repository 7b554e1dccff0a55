# Jumps into the middle of an instruction, whose tail is a program of its own.
# ends: status 42
.include "isolation.inc"
_start:
  mov eax, 231
  lea rbx, [rip + attempt + 2]
  jmp rbx
attempt:
  .byte 0x48, 0xb9                   # movabs rcx, with the next eight bytes as its operand:
  .byte 0xbf, 42, 0, 0, 0            # mov edi, 42
  .byte 0x0f, 0x05                   # syscall
  .byte 0xf4                         # hlt
  survive
