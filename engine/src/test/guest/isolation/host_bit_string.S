# Sets a bit far behind its operand: the bit offset is a 64-bit register.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  movabs rcx, 0x7fff30000000
  shl rcx, 3
attempt:
  bts [rsp], rcx
  survive
