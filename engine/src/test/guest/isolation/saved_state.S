# Saves the floating-point state and looks for host pointers in it. Processors that note the address of
# every floating-point instruction (Intel's) show one of the code cache, which the threat model allows: it
# is no way to read or write there, as other attempts show. Others note it for exceptions alone.
# ends: status 42 or status 77
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
