# Copies a string from a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  mov rsi, rax
  lea rdi, [rsp - 128]
  mov ecx, 16
attempt:
  rep movsb
  survive
