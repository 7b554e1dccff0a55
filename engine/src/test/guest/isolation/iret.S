# Returns from an interrupt that never was.
# ends: SIGSEGV at attempt or SIGILL at attempt
.include "isolation.inc"
_start:
  mov rax, rsp
  push 0x2b
  push rax
  push 0x202
  push 0x33
  push 0x1000
attempt:
  iretq
  survive
