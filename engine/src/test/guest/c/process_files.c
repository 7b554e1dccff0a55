// What /proc/self says of the arguments and the environment, before and after the program wrote over them, and what it keeps
// of oom_score_adj; and whose these files are. Run as the superuser.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, const char *path) {
  char bytes[8192];
  int file = open(path, O_RDONLY);
  ssize_t count = read(file, bytes, sizeof bytes);
  close(file);
  printf("%s: ", what);
  for (ssize_t i = 0; i < count; i++) {
    putchar(bytes[i] == 0 ? '|' : bytes[i]);
  }
  printf(" (%zd)\n", count);
  fflush(stdout);
}

static void adjust_bytes(const char *text, size_t length) {
  int file = open("/proc/self/oom_score_adj", O_WRONLY);
  if (file < 0) {
    printf("adjust %s: %s\n", text, strerror(errno));
    return;
  }
  ssize_t count = write(file, text, length);
  printf("adjust %s: %zd %s\n", text, count, count < 0 ? strerror(errno) : "");
  close(file);
  show("oom_score_adj", "/proc/self/oom_score_adj");
}

static void adjust(const char *text) { adjust_bytes(text, strlen(text)); }

// Numbers as the kernel reads them; none is below what is there, which only the superuser of a whole machine may ask for.
static void numbers(void) {
  static const char *const texts[] = {
      "2147483647", "2147483648", "-2147483648", "-2147483649", "99999999999", "18446744073709551616", "0x7fffffff", "0x80000000",
      "0xffffffffffffffff", "017777777777", "020000000000", "99999999999x", "999999999999x", "020", "021", "08", "0x", "0X12", "0xg",
      "0b10011", "+19", "++19", "+-19", "-+0x80000000", "-", "+", " ", "#19", " 19\t\n\n", "19 x", "000000000019", "0000000000019", "19.0"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    adjust(texts[i]);
    adjust("20");
  }
  adjust_bytes("19\0x", 4);
  adjust("20");
}

static void owner(const char *path) {
  struct stat status;
  int file = open(path, O_RDONLY);
  printf("%s of %d: ", path, stat(path, &status) == 0 ? (int)status.st_uid : -1);
  printf("%s\n", file < 0 ? strerror(errno) : "can be read");
  close(file);
}

static void owners(void) {
  owner("/proc/self/environ");
  owner("/proc/self/auxv");
  owner("/proc/self/status");
  owner("/proc/self");
}

static void strings(char **argv, char **environ) {
  FILE *file = fopen("/proc/self/stat", "r");
  char line[4096];
  fgets(line, sizeof line, file);
  fclose(file);
  char *at = strrchr(line, ')') + 2;
  unsigned long fields[53] = {0};
  for (int i = 3; i < 53 && at != NULL; i++) {
    fields[i] = strtoul(at, NULL, 10);
    at = strchr(at, ' ');
    at = at == NULL ? NULL : at + 1;
  }
  printf("arguments %d %d, environment %d %d\n", fields[48] == (unsigned long)argv[0], fields[49] == (unsigned long)environ[0],
         fields[50] == (unsigned long)environ[0],
         fields[51] > fields[50]);
}

int main(int argc, char **argv, char **environ) {
  strings(argv, environ);
  show("arguments", "/proc/self/cmdline");
  show("environment", "/proc/self/environ");
  argv[0][2] = 'X';
  show("one byte", "/proc/self/cmdline");
  size_t arguments = environ[0] - argv[0];
  memset(argv[0], 0, arguments);
  strcpy(argv[0], "short");
  show("a short title", "/proc/self/cmdline");
  memset(argv[0], 'l', arguments + 3);
  argv[0][arguments + 3] = 0;
  show("a long title", "/proc/self/cmdline");
  show("environment", "/proc/self/environ");
  if (fork() == 0) {
    show("a child", "/proc/self/cmdline");
    _exit(0);
  }
  wait(NULL);

  adjust("0");
  adjust("17\n");
  adjust("0x10");
  adjust("1001");
  adjust("-1001");
  adjust("much");
  adjust("");
  numbers();
  if (fork() == 0) {
    show("a child", "/proc/self/oom_score_adj");
    setuid(65534);
    owners();
    prctl(PR_SET_DUMPABLE, 1);
    owners();
    adjust("20");
    adjust("-1");
    _exit(0);
  }
  wait(NULL);
  show("the parent", "/proc/self/oom_score_adj");
  return argc != 3;
}
