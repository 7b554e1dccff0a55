# Changes the instruction right after the store, in the block that is running.
# ends: status 42
.include "isolation.inc"
_start:
  mov eax, 10
  lea rdi, [rip + _start]
  and rdi, -4096
  mov esi, 4096
  mov edx, 7
  syscall
  mov byte ptr [rip + changed + 1], 42
  jmp changed
changed:
  mov edi, 7
  finish
