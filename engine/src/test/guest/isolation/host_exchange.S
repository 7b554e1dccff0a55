# Exchanges atomically with a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
attempt:
  lock xadd [rax], rbx
  survive
