# Compares and scans strings at a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rdi, rax
  mov rsi, rsp
  mov ecx, 16
attempt:
  repe cmpsb
  survive
