/* The functions of capvm.h. Reads, writes and notifications go through the vDSO, without a system call. */
#include "capvm.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  CALL_READ = 0x43410000,
  CALL_WRITE,
  CALL_NOTIFY,
  CALL_CREATE,
  CALL_OPEN,
  CALL_RESTRICT,
  CALL_READV,
  CALL_WRITEV,
  CALL_SUBMIT,
  CALL_WAIT,
  CALL_GRANT,
  CALL_REVOKE,
  CALL_CLOSE,
  CALL_STAT,
  CALL_RETURN, /* made by the vDSO, to which exported functions return */
  CALL_EXPORT,
  CALL_SERVE,
  CALL_CALL,
  CALL_STREAM_CREATE,
  CALL_STREAM_OPEN,
  CALL_CONTINUE, /* these two are made by the vDSO */
  CALL_WAKE,
  CALL_LEND
};

static long call_of_six(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

static long call(long number, long a, long b, long c, long d) {
  return call_of_six(number, a, b, c, d, 0, 0);
}

static long read_by_call(cap_t file, size_t offset, void *buffer, size_t length) {
  return call(CALL_READ, file, (long)offset, (long)buffer, (long)length);
}

static long write_by_call(cap_t file, size_t offset, const void *buffer, size_t length) {
  return call(CALL_WRITE, file, (long)offset, (long)buffer, (long)length);
}

static long notify_by_call(cap_t file, size_t offset, int count) {
  return call(CALL_NOTIFY, file, (long)offset, count, 0);
}

static long call_by_call(cap_t function, const long *words, long *result,
                         const struct timespec *timeout) {
  return call(CALL_CALL, function, (long)words, (long)result, (long)timeout);
}

static long (*call_routine)(cap_t, const long *, long *, const struct timespec *) = call_by_call;
static long (*read_routine)(cap_t, size_t, void *, size_t) = read_by_call;
static long (*write_routine)(cap_t, size_t, const void *, size_t) = write_by_call;
static long (*notify_routine)(cap_t, size_t, int) = notify_by_call;

/* The address of a function of the vDSO, or NULL. */
static void *vdso_function(const char *name) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
  if (!header) {
    return NULL;
  }
  const char *base = (const char *)header;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(base + header->e_phoff);
  const Elf64_Dyn *dynamic = NULL;
  for (int i = 0; i < header->e_phnum; i++) {
    if (segment[i].p_type == PT_LOAD) {
      base = (const char *)header + segment[i].p_offset - segment[i].p_vaddr;
    } else if (segment[i].p_type == PT_DYNAMIC) {
      dynamic = (const Elf64_Dyn *)((const char *)header + segment[i].p_offset);
    }
  }
  const Elf64_Sym *symbols = NULL;
  const char *strings = NULL;
  const Elf64_Word *hash = NULL;
  for (; dynamic && dynamic->d_tag; dynamic++) {
    const char *at = base + dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) {
      symbols = (const Elf64_Sym *)at;
    } else if (dynamic->d_tag == DT_STRTAB) {
      strings = at;
    } else if (dynamic->d_tag == DT_HASH) {
      hash = (const Elf64_Word *)at;
    }
  }
  if (!symbols || !strings || !hash) {
    return NULL;
  }
  for (Elf64_Word i = 1; i < hash[1]; i++) {
    if (strcmp(strings + symbols[i].st_name, name) == 0) {
      return (void *)(base + symbols[i].st_value);
    }
  }
  return NULL;
}

__attribute__((constructor)) static void find_routines(void) {
  void *found = vdso_function("__vdso_cp_file_read");
  if (found) {
    read_routine = (long (*)(cap_t, size_t, void *, size_t))found;
  }
  found = vdso_function("__vdso_cp_file_write");
  if (found) {
    write_routine = (long (*)(cap_t, size_t, const void *, size_t))found;
  }
  found = vdso_function("__vdso_cp_file_notify");
  if (found) {
    notify_routine = (long (*)(cap_t, size_t, int))found;
  }
  found = vdso_function("__vdso_cp_call");
  if (found) {
    call_routine = (long (*)(cap_t, const long *, long *, const struct timespec *))found;
  }
}

cap_t cp_file_create(const char *name, void *address, size_t length, unsigned permissions) {
  return call(CALL_CREATE, (long)name, (long)address, (long)length, permissions);
}

cap_t cp_file_open(const char *name) { return call(CALL_OPEN, (long)name, 0, 0, 0); }

cap_t cp_file_restrict(cap_t file, size_t offset, size_t length, unsigned permissions) {
  return call(CALL_RESTRICT, file, (long)offset, (long)length, permissions);
}

long cp_file_read(cap_t file, size_t offset, void *buffer, size_t length) {
  return read_routine(file, offset, buffer, length);
}

long cp_file_write(cap_t file, size_t offset, const void *buffer, size_t length) {
  return write_routine(file, offset, buffer, length);
}

long cp_file_readv(cap_t file, size_t offset, const struct iovec *vector, int count) {
  return call(CALL_READV, file, (long)offset, (long)vector, count);
}

long cp_file_writev(cap_t file, size_t offset, const struct iovec *vector, int count) {
  return call(CALL_WRITEV, file, (long)offset, (long)vector, count);
}

long cp_file_submit(struct cp_file_operation *queue, int count) {
  return call(CALL_SUBMIT, (long)queue, count, 0, 0);
}

int cp_file_wait(cap_t file, size_t offset, int expected, const struct timespec *timeout) {
  /* A word that changed already is seen without a system call; the call looks again. */
  int now;
  if (offset % sizeof now == 0 && read_routine(file, offset, &now, sizeof now) == sizeof now &&
      now != expected) {
    return -EAGAIN;
  }
  return (int)call(CALL_WAIT, file, (long)offset, expected, (long)timeout);
}

int cp_file_notify(cap_t file, size_t offset, int count) {
  return (int)notify_routine(file, offset, count);
}

int cp_file_grant(cap_t file, const char *cvm, unsigned permissions) {
  return (int)call(CALL_GRANT, file, (long)cvm, permissions, 0);
}

int cp_file_revoke(cap_t file) { return (int)call(CALL_REVOKE, file, 0, 0, 0); }

int cp_file_close(cap_t file) { return (int)call(CALL_CLOSE, file, 0, 0, 0); }

int cp_file_stat(cap_t file, struct cp_file_status *status) {
  return (int)call(CALL_STAT, file, (long)status, 0, 0);
}

cap_t cp_call_export(const char *name, cp_function function) {
  return call(CALL_EXPORT, (long)name, (long)function, 0, 0);
}

int cp_call_serve(cap_t function) { return (int)call(CALL_SERVE, function, 0, 0, 0); }

cap_t cp_call_open(const char *name) { return cp_file_open(name); }

int cp_call(cap_t function, const long words[6], long *result, const struct timespec *timeout) {
  return (int)call_routine(function, words, result, timeout);
}

int cp_call_lend(cap_t function, const long words[6], const struct cp_loan *loans, int count,
                 long *result, const struct timespec *timeout) {
  return (int)call_of_six(CALL_LEND, function, (long)words, (long)loans, count, (long)result,
                             (long)timeout);
}

int cp_stream_create(const char *name, int flags, cap_t *stream) {
  return (int)call(CALL_STREAM_CREATE, (long)name, flags, (long)stream, 0);
}

int cp_stream_open(const char *name, int flags) {
  return (int)call(CALL_STREAM_OPEN, (long)name, flags, 0, 0);
}
