# Runs into an undefined instruction.
# ends: SIGILL at attempt
.include "isolation.inc"
_start:
attempt:
  ud2
  survive
