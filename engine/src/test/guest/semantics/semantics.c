/*
 * Runs single instructions with many register states and prints what each leaves behind.
 *
 *   semantics FILE SEED FIRST COUNT STATES        one 64-bit hash a case, binary
 *   semantics FILE SEED CASE  1     STATES dump   every state of one case, as text
 *
 * FILE holds records of 64 bytes: length, code (15 bytes), a kind for each general register (16
 * bytes), flags, the vector register that holds indices, 30 bytes of nothing. It needs no library and uses no address that differs between
 * two runs, so that the output of a native run and of one in a cVM can be compared byte for byte.
 *
 *   0x20000000  16 KiB of data; the stack is in its last page but one; nothing is mapped around it
 *   0x30000000  the code: each case, then a jump to exit_case
 */

typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned char u8;

enum { KIND_RANDOM, KIND_POINTER, KIND_SMALL, KIND_STACK, KIND_STACK_FAR_FROM_ENDS };
enum { FLAG_SMALL_VECTOR = 1, FLAG_DIRECTION = 2 };

#define DATA 0x20000000ul
#define DATA_BYTES 0x4000ul
#define CODE 0x30000000ul
#define SLOT 32ul

struct record { u8 length, code[15], kind[16], flags, small_vector, unused[30]; };

struct state {
  u64 gpr[16];
  u64 flags;
  u64 mxcsr;
  u64 vector[64];
  u64 unused[6];
  u64 fx[64];
} __attribute__((aligned(64)));

struct state in, out;
u64 own_rsp, target, x87_in[5];
static u64 fault[4];
static u8 alternate_stack[65536] __attribute__((aligned(16)));
static u64 data_image[DATA_BYTES / 8];

void enter_case(void);
void exit_case(void);
void restorer(void);

__asm__(
    ".intel_syntax noprefix\n"
    ".globl enter_case, exit_case, restorer, _start\n"
    "_start: mov rdi, rsp\n and rsp, -16\n call run\n"
    "restorer: mov eax, 15\n syscall\n"
    "enter_case:\n"
    " push rbx\n push rbp\n push r12\n push r13\n push r14\n push r15\n"
    " mov [own_rsp], rsp\n"
    " .set i, 0\n"
    " fninit\n"
    " .rept 5\n fld qword ptr [x87_in + i]\n .set i, i + 8\n .endr\n"
    " vmovdqu ymm0, [in+144]\n vmovdqu ymm1, [in+176]\n vmovdqu ymm2, [in+208]\n vmovdqu ymm3, [in+240]\n"
    " vmovdqu ymm4, [in+272]\n vmovdqu ymm5, [in+304]\n vmovdqu ymm6, [in+336]\n vmovdqu ymm7, [in+368]\n"
    " vmovdqu ymm8, [in+400]\n vmovdqu ymm9, [in+432]\n vmovdqu ymm10, [in+464]\n vmovdqu ymm11, [in+496]\n"
    " vmovdqu ymm12, [in+528]\n vmovdqu ymm13, [in+560]\n vmovdqu ymm14, [in+592]\n vmovdqu ymm15, [in+624]\n"
    " push qword ptr [in+128]\n popfq\n"
    " mov rax, [in]\n mov rcx, [in+8]\n mov rdx, [in+16]\n mov rbx, [in+24]\n mov rsp, [in+32]\n"
    " mov rbp, [in+40]\n mov rsi, [in+48]\n mov rdi, [in+56]\n mov r8, [in+64]\n mov r9, [in+72]\n"
    " mov r10, [in+80]\n mov r11, [in+88]\n mov r12, [in+96]\n mov r13, [in+104]\n mov r14, [in+112]\n"
    " mov r15, [in+120]\n"
    " jmp qword ptr [target]\n"
    "exit_case:\n"
    " mov [out], rax\n mov [out+8], rcx\n mov [out+16], rdx\n mov [out+24], rbx\n mov [out+32], esp\n"
    " mov [out+40], rbp\n mov [out+48], rsi\n mov [out+56], rdi\n mov [out+64], r8\n mov [out+72], r9\n"
    " mov [out+80], r10\n mov [out+88], r11\n mov [out+96], r12\n mov [out+104], r13\n mov [out+112], r14\n"
    " mov [out+120], r15\n"
    " mov rsp, [own_rsp]\n"
    " pushfq\n pop qword ptr [out+128]\n cld\n"
    " vmovdqu [out+144], ymm0\n vmovdqu [out+176], ymm1\n vmovdqu [out+208], ymm2\n vmovdqu [out+240], ymm3\n"
    " vmovdqu [out+272], ymm4\n vmovdqu [out+304], ymm5\n vmovdqu [out+336], ymm6\n vmovdqu [out+368], ymm7\n"
    " vmovdqu [out+400], ymm8\n vmovdqu [out+432], ymm9\n vmovdqu [out+464], ymm10\n vmovdqu [out+496], ymm11\n"
    " vmovdqu [out+528], ymm12\n vmovdqu [out+560], ymm13\n vmovdqu [out+592], ymm14\n vmovdqu [out+624], ymm15\n"
    " stmxcsr [out+136]\n fxsave [out+704]\n fninit\n ldmxcsr [default_mxcsr]\n vzeroupper\n"
    " pop r15\n pop r14\n pop r13\n pop r12\n pop rbp\n pop rbx\n ret\n"
    ".data\n default_mxcsr: .long 0x1f80\n .text\n"
    ".att_syntax\n");

_Static_assert(__builtin_offsetof(struct state, vector) == 144, "offsets in the assembly");
_Static_assert(__builtin_offsetof(struct state, fx) == 704, "offsets in the assembly");

static long call(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

static void finish(int status) { call(231, status, 0, 0, 0, 0, 0); }

static void put(const void *bytes, u64 length) {
  if (call(1, 1, (long)bytes, (long)length, 0, 0, 0) != (long)length) finish(90);
}

static u64 random_state;
static u64 random64(void) {
  u64 z = random_state += 0x9e3779b97f4a7c15ul;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ul;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebul;
  return z ^ (z >> 31);
}

/* A value that makes arithmetic interesting. */
static u64 operand(void) {
  u64 r = random64();
  switch (r & 7) {
    case 0: return (r >> 8) & 0xff;
    case 1: return -((r >> 8) & 0xff);
    case 2: return 1ul << ((r >> 8) & 63);
    case 3: return (1ul << ((r >> 8) & 63)) - 1;
    case 4: return (u32)(r >> 8);
    default: return random64();
  }
}

static u64 pointer(void) {
  u64 r = random64();
  u64 offset = 0x800 + ((r >> 16) & 0x7ff);
  if ((r & 3) != 0) offset &= ~31ul;
  if ((r & 0xf0) == 0x00) return DATA + DATA_BYTES - ((r >> 16) & 63);
  if ((r & 0xf0) == 0x10 && (r & 0x100)) return DATA - ((r >> 16) & 63);
  if ((r & 0xf0) == 0x20 && (r & 0x100)) return 0x10000 + offset;
  return DATA + offset;
}

static u64 value(u8 kind) {
  switch (kind) {
    case KIND_POINTER: return pointer();
    case KIND_SMALL: return random64() % 48;
    case KIND_STACK:
    case KIND_STACK_FAR_FROM_ENDS: {
      u64 r = random64();
      if ((r & 31) == 0 && kind == KIND_STACK) return DATA + ((r >> 8) & 31);
      return DATA + 0x2800 + ((r >> 8) & 0x1f8) + ((r & 0x1f0) == 0 ? 3 : 0);
    }
    default: return operand();
  }
}

static void prepare(const struct record *record, u64 seed, u64 index, u64 state) {
  random_state = seed * 0x2545f4914f6cdd1dul ^ (index << 20) ^ state;
  for (int i = 0; i < 16; i++) in.gpr[i] = value(record->kind[i]);
  in.flags = 0x202 | (random64() & 0x8d5);
  if (record->flags & FLAG_DIRECTION) in.flags |= random64() & 0x400;
  for (int i = 0; i < 64; i++) in.vector[i] = random64();
  if (record->flags & FLAG_SMALL_VECTOR)
    for (int i = 0; i < 4; i++) in.vector[4 * record->small_vector + i] &= 0x3f;
  for (int i = 0; i < 5; i++) x87_in[i] = operand() & 0xbff0fffffffffffful;
  for (u64 i = 0; i < DATA_BYTES / 8; i++) ((u64 *)DATA)[i] = data_image[i];
  for (int i = 0; i < 4; i++) fault[i] = 0;
}

static void handler(int number, int *info, u64 *context) {
  u64 rip = context[5 + 16];
  if (rip < CODE || rip >= 0x40000000ul) finish(91);
  fault[0] = number;
  fault[1] = (u32)info[2];
  fault[2] = number == 5 ? 0 : *(u64 *)(info + 4);
  fault[3] = rip;
  context[5 + 16] = (u64)exit_case;
}

static void catch(int number) {
  u64 action[4] = {(u64)handler, 0x4 | 0x08000000 | 0x04000000, (u64)restorer, 0};
  if (call(13, number, (long)action, 0, 8, 0, 0) != 0) finish(92);
}

static u64 mixed(u64 hash, u64 word) {
  hash = (hash ^ word) * 0x9fb21c651e98df25ul;
  return hash ^ (hash >> 32);
}

static u64 hash_of_state(void) {
  u64 hash = 1;
  for (int i = 0; i < 16; i++) hash = mixed(hash, out.gpr[i]);
  hash = mixed(hash, out.flags);
  hash = mixed(hash, out.mxcsr);
  for (int i = 0; i < 64; i++) hash = mixed(hash, out.vector[i]);
  hash = mixed(hash, out.fx[0] & 0x0000fffffffffffful);
  for (int i = 4; i < 20; i++) hash = mixed(hash, out.fx[i]);
  for (int i = 0; i < 4; i++) hash = mixed(hash, fault[i]);
  for (u64 i = 0; i < DATA_BYTES / 8; i++) hash = mixed(hash, ((u64 *)DATA)[i]);
  return hash;
}

static char line[4096];
static u64 filled;
static void text(const char *s) { while (*s) line[filled++] = *s++; }
static void hex(const char *name, u64 word) {
  text(" ");
  text(name);
  text("=");
  int shift = 60;
  while (shift > 0 && (word >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) line[filled++] = "0123456789abcdef"[(word >> shift) & 15];
}

static void dump(u64 state) {
  static const char *names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
  filled = 0;
  hex("state", state);
  for (int i = 0; i < 16; i++) hex(names[i], out.gpr[i]);
  hex("flags", out.flags);
  hex("mxcsr", out.mxcsr);
  u64 vectors = 1;
  for (int i = 0; i < 64; i++) vectors = mixed(vectors, out.vector[i]);
  hex("vectors", vectors);
  hex("x87", out.fx[0] & 0x0000fffffffffffful);
  u64 stack = 1;
  for (int i = 4; i < 20; i++) stack = mixed(stack, out.fx[i]);
  hex("st", stack);
  hex("signal", fault[0]);
  hex("code", fault[1]);
  hex("address", fault[2]);
  hex("rip", fault[3]);
  for (u64 i = 0; i < DATA_BYTES / 8; i++) {
    if (((u64 *)DATA)[i] != data_image[i] && filled < 3800) {
      hex("at", DATA + 8 * i);
      hex("is", ((u64 *)DATA)[i]);
    }
  }
  text("\n before:");
  for (int i = 0; i < 16; i++) hex(names[i], in.gpr[i]);
  text("\n");
  put(line, filled);
}

static u64 number(const char *s) {
  u64 n = 0;
  while (*s) n = n * 10 + (u64)(*s++ - '0');
  return n;
}

static void map(u64 address, u64 length, long protection) {
  if (call(9, (long)address, (long)length, protection, 0x32, -1, 0) != (long)address) finish(93);
}

void run(u64 *stack) {
  char **arguments = (char **)(stack + 1);
  u64 seed = number(arguments[2]), first = number(arguments[3]), count = number(arguments[4]);
  u64 states = number(arguments[5]);
  int dumping = stack[0] > 6;
  u64 alternate[3] = {(u64)alternate_stack, 0, sizeof alternate_stack};
  call(131, (long)alternate, 0, 0, 0, 0, 0);
  catch(4), catch(5), catch(7), catch(8), catch(11);
  map(DATA, DATA_BYTES, 3);
  random_state = seed;
  for (u64 i = 0; i < DATA_BYTES / 8; i++) data_image[i] = operand();
  u64 bytes = (count * SLOT + 4095) & ~4095ul;
  map(CODE, bytes, 3);
  long file = call(2, (long)arguments[1], 0, 0, 0, 0, 0);
  static struct record record;
  for (u64 i = 0; i < count; i++) {
    if (call(17, file, (long)&record, sizeof record, (long)((first + i) * sizeof record), 0, 0) != sizeof record)
      finish(94);
    u8 *code = (u8 *)(CODE + i * SLOT);
    for (int j = 0; j < record.length; j++) code[j] = record.code[j];
    code += record.length;
    *code = 0xe9;
    *(u32 *)(code + 1) = (u32)((u64)exit_case - (u64)(code + 5));
  }
  if (call(10, (long)CODE, (long)bytes, 5, 0, 0, 0) != 0) finish(95);
  static u64 hashes[512];
  u64 hashed = 0;
  for (u64 i = 0; i < count; i++) {
    call(17, file, (long)&record, sizeof record, (long)((first + i) * sizeof record), 0, 0);
    target = CODE + i * SLOT;
    u64 hash = 1;
    for (u64 state = 0; state < states; state++) {
      prepare(&record, seed, first + i, state);
      enter_case();
      if (dumping) dump(state);
      hash = mixed(hash, hash_of_state());
    }
    hashes[hashed++] = hash;
    if (!dumping && (hashed == 512 || i + 1 == count)) {
      put(hashes, 8 * hashed);
      hashed = 0;
    }
  }
  finish(0);
}
