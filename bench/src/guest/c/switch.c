/* A byte-code interpreter: one switch, dispatched through a jump table, over a loop of mixed operations. */
#include <stdint.h>
#include <stdio.h>

enum { PUSH, ADD, SUB, MUL, XOR, SHR, DUP, SWAP, LOAD, STORE, DEC, JNZ, HALT };

static int64_t run(const int32_t *code) {
  int64_t stack[64], variables[8] = {0}, *top = stack;
  *top = 0;
  for (const int32_t *pc = code;;) {
    switch (*pc++) {
      case PUSH: *++top = *pc++; break;
      case ADD: top--; top[0] += top[1]; break;
      case SUB: top--; top[0] -= top[1]; break;
      case MUL: top--; top[0] *= top[1]; break;
      case XOR: top--; top[0] ^= top[1]; break;
      case SHR: top--; top[0] = (int64_t)((uint64_t)top[0] >> (top[1] & 63)); break;
      case DUP: top[1] = top[0]; top++; break;
      case SWAP: { int64_t hold = top[0]; top[0] = top[-1]; top[-1] = hold; break; }
      case LOAD: *++top = variables[*pc++]; break;
      case STORE: variables[*pc++] = *top--; break;
      case DEC: variables[*pc++]--; break;
      case JNZ: { int32_t target = *pc++; if (*top-- != 0) pc = code + target; break; }
      case HALT: return variables[1];
    }
  }
}

int main(void) {
  static const int32_t program[] = {PUSH, 45000000, STORE, 0, PUSH, 1,    STORE, 1,    LOAD, 1,    DUP,  PUSH, 31,
                                    MUL,  XOR,      LOAD,  0, ADD,  DUP,  PUSH,  7,    SHR,  SWAP, SUB,  STORE, 1,
                                    DEC,  0,        LOAD,  0, JNZ,  8,    HALT};
  printf("%lld\n", (long long)run(program));
  return 0;
}
