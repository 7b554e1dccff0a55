# Sets the thread pointer to a host address and writes there.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rsi, rax
  mov edi, 0x1002
  mov eax, 158
  syscall
attempt:
  mov qword ptr fs:[0], 0x41
  survive
