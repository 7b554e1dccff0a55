# Stores a vector under a mask at a host address.
# ends: SIGSEGV at attempt
.include "isolation.inc"
_start:
  host_address
  vpcmpeqd ymm0, ymm0, ymm0
attempt:
  vmaskmovps [rax], ymm0, ymm0
  survive
