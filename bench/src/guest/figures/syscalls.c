/* Nanoseconds per operation of some system calls: one line each, name and figure. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

#define MEASURE(name, count, statement)                              \
  do {                                                               \
    double best = 1e18;                                              \
    for (int round = 0; round < 5; round++) {                        \
      double start = now();                                          \
      for (long i = 0; i < (count); i++) { statement; }              \
      double each = (now() - start) / (double)(count);               \
      if (each < best) best = each;                                  \
    }                                                                \
    printf("%s %.2f\n", name, best);                                 \
  } while (0)

static char buffer[1 << 20];

int main(void) {
  struct timespec time;
  struct stat status;
  int file = open("cached", O_RDWR | O_CREAT, 0600);
  if (write(file, buffer, sizeof buffer) != sizeof buffer) return 1;
  int null = open("/dev/null", O_WRONLY);
  MEASURE("getpid", 1000000, syscall(SYS_getpid));
  MEASURE("clock_gettime", 5000000, clock_gettime(CLOCK_MONOTONIC, &time));
  MEASURE("pread-4KiB", 200000, if (pread(file, buffer, 4096, (i & 255) * 4096) != 4096) exit(1));
  MEASURE("pread-64KiB", 20000, if (pread(file, buffer, 65536, (i & 15) * 65536) != 65536) exit(1));
  MEASURE("pwrite-4KiB", 100000, if (pwrite(file, buffer, 4096, (i & 255) * 4096) != 4096) exit(1));
  MEASURE("write-null", 200000, if (write(null, buffer, 1) != 1) exit(1));
  MEASURE("lseek", 200000, lseek(file, i & 4095, SEEK_SET));
  MEASURE("fstat", 100000, fstat(file, &status));
  MEASURE("stat", 50000, stat("cached", &status));
  MEASURE("open-close", 20000, close(open("cached", O_RDONLY)));
  MEASURE("mmap-munmap", 20000,
          void *at = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          *(volatile char *)at = 1; munmap(at, 65536));
  MEASURE("mprotect", 20000, mprotect(buffer + 4096 - ((unsigned long)buffer & 4095), 4096, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ));
  unlink("cached");
  return 0;
}
