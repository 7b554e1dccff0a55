# Restores chosen extended state, with every component bit set.
# ends: SIGILL or SIGSEGV or status 77
.include "isolation.inc"
_start:
  sub rsp, 8192
  and rsp, -64
  mov rdi, rsp
  mov ecx, 1024
  xor eax, eax
  rep stosq
  mov qword ptr [rsp + 512], -1
  mov eax, -1
  mov edx, -1
attempt:
  xrstor [rsp]
  survive
