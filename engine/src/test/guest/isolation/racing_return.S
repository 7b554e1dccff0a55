# A second thread overwrites return addresses with a host address while the first one returns.
# ends: SIGSEGV or SIGILL or status 77 or status 38
.include "isolation.inc"
_start:
  mov eax, 56
  mov edi, 0x10900                   # CLONE_VM | CLONE_SIGHAND | CLONE_THREAD
  lea rsi, [rip + stack_top]
  xor edx, edx
  xor r10d, r10d
  xor r8d, r8d
  syscall
  test rax, rax
  js 2f
  jnz main
  movabs rbx, 0x7fff30000000
1:
  mov rcx, [rip + target]
  test rcx, rcx
  jz 1b
  mov [rcx], rbx
  jmp 1b
main:
  lea rax, [rsp - 8]
  mov [rip + target], rax
  mov ecx, 100000000
again:
  call 1f
  dec ecx
  jnz again
  survive
1:
  nop
  nop
  ret
2:
  mov edi, 38
  finish
.bss
target: .quad 0
  .skip 4096
stack_top: .skip 64
