# Writes an instruction that writes to a host address, and runs it.
# ends: SIGSEGV
.include "isolation.inc"
_start:
  mov eax, 9
  xor edi, edi
  mov esi, 4096
  mov edx, 7
  mov r10d, 0x22
  mov r8, -1
  xor r9d, r9d
  syscall
  mov rbx, rax
  mov dword ptr [rbx], 0xc3008948    # mov [rax], rax; ret
  movabs rax, 0x7fff30000000
attempt:
  call rbx
  survive
