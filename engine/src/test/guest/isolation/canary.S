# Not an attempt: fills a MiB with a pattern, says "ready", and until its input ends looks whether anything has changed.
# Ends with status 0, or 1 once a byte was another one.
.include "isolation.inc"
_start:
  lea rdi, [rip + area]
  mov ecx, 131072
  movabs rax, 0x5ac35ac35ac35ac3
  rep stosq
  mov eax, 1
  mov edi, 1
  lea rsi, [rip + ready]
  mov edx, 6
  syscall
again:
  lea rdi, [rip + area]
  mov ecx, 131072
  movabs rax, 0x5ac35ac35ac35ac3
  repe scasq
  jne changed
  xor eax, eax
  xor edi, edi
  lea rsi, [rip + byte_read]
  mov edx, 1
  syscall
  test rax, rax
  jg again
  xor edi, edi
  finish
changed:
  mov edi, 1
  finish
.data
ready: .ascii "ready\n"
byte_read: .byte 0
.bss
.align 4096
area: .skip 1048576
