# Rewrites its own code, in a page that is writable and executable, and runs it.
# ends: status 42
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
  mov dword ptr [rbx], 0x000001b8    # mov eax, 1; ret
  mov word ptr [rbx + 4], 0xc300
  call rbx
  mov byte ptr [rbx + 1], 41
  mov r12, rax
  call rbx
  lea rdi, [rax + r12]
  finish
