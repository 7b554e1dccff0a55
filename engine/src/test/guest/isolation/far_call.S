# Calls far, to another code segment.
# ends: SIGSEGV at attempt or SIGILL at attempt
.include "isolation.inc"
_start:
  lea rbx, [rsp - 64]
  mov dword ptr [rbx], 0x1000
  mov word ptr [rbx + 4], 0x23
attempt:
  call fword ptr [rbx]
  survive
