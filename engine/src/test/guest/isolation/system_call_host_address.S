# Asks the library OS to write from and read to a host address: both must fail with EFAULT.
# ends: status 42
.include "isolation.inc"
_start:
  host_address
  mov rbx, rax
  mov rsi, rax
  mov edi, 1
  mov edx, 8
  mov eax, 1
  syscall
  cmp rax, -14
  jne 1f
  mov rdi, rbx
  mov esi, 8
  xor edx, edx
  mov eax, 318
  syscall
  cmp rax, -14
  jne 1f
  mov edi, 42
  finish
1:
  survive
