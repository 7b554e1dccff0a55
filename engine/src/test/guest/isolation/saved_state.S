# Saves the floating-point state and looks for host pointers in it.
# ends: status 42
.include "isolation.inc"
_start:
  sub rsp, 1024
  and rsp, -64
  fninit
  fldz
  fxsave64 [rsp]
  mov rax, [rsp + 8]
  mov rbx, [rsp + 16]
  or rax, rbx
  shr rax, 32
  jnz 1f
  mov edi, 42
  finish
1:
  survive
