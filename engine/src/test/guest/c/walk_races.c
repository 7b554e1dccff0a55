/* Tries to leave a directory while names on the way are changed.
 *
 *   walk_races DIRECTORY SEED ROUNDS PATH...    PATHs lead to a file "canary" outside, for who is not confined
 *
 * One thread exchanges directories with symbolic links and moves them up and down; two walk. What holds "outside" must not be
 * read, and "made" must appear inside alone. Says how often a file was opened, what it held, and each escape.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALKERS = 2 };

static const char *const walks[] = {
    "a/b/c/../../../canary", "a/b/../../canary",   "a/b/c/canary",       "a/canary",        "a/b/canary",
    "up/canary",             "a/b/c/../../../../canary", "host/swap/canary",   "host/swap/../../canary", "host/moved/../canary",
    "host/moved/../../canary", "host/moved/in/../../../canary", "absolute",     "absolute/canary", "a/absolute",
    "/proc/self/cwd/../canary", "/proc/self/root/canary", "/proc/self/cwd/host/moved/../canary", "deep/canary", "deep/../canary"};
enum { WALKS = sizeof walks / sizeof walks[0] };

static char **outside;
static int outsides;
static long rounds;
static volatile int over;
static long opened, escaped;

static unsigned long next(unsigned long *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state * 0x2545f4914f6cdd1dul >> 11;
}

static void look(int file, const char *path) {
  char text[16] = "";
  if (file < 0) return;
  if (read(file, text, sizeof text - 1) < 0) strcpy(text, "?");
  close(file);
  __atomic_add_fetch(&opened, 1, __ATOMIC_RELAXED);
  if (strncmp(text, "outside", 7) != 0) return;
  __atomic_add_fetch(&escaped, 1, __ATOMIC_RELAXED);
  printf("read outside: %s\n", path);
}

/* Changes what lies outside, if it gets there; the host looks at the result. */
static void change(const char *path, int from) {
  char made[200];
  snprintf(made, sizeof made, "%s", path);
  char *name = strrchr(made, '/');
  strcpy(name == NULL ? made : name + 1, "made");
  int file = openat(from, made, O_CREAT | O_WRONLY, 0600);
  if (file >= 0) close(file);
  truncate(path, 3);
  if (strncmp(path, "/proc", 5) != 0) unlinkat(from, made, 0);
}

static void *walker(void *seed) {
  unsigned long state = (unsigned long)seed;
  int held = open("host/moved", O_PATH | O_DIRECTORY);
  for (long i = 0; i < rounds; i++) {
    const char *path = walks[next(&state) % WALKS];
    switch (next(&state) % 6) {
      case 0:
      case 1:
      case 2:
        look(open(path, O_RDONLY), path);
        break;
      case 3: {
        int directory = open("a/b", O_PATH | O_DIRECTORY);
        look(openat(directory, "../../canary", O_RDONLY), "a/b and ../../canary");
        look(openat(directory, "c/../../../canary", O_RDONLY), "a/b and c/../../../canary");
        close(directory);
        look(openat(held, "../canary", O_RDONLY), "what the host moves and ../canary");
        look(openat(held, "in/../../canary", O_RDONLY), "what the host moves and in/../../canary");
        break;
      }
      case 4:
        change(path, AT_FDCWD);
        break;
      case 5: {
        const char *there = outside[next(&state) % outsides];
        look(open(there, O_RDONLY), there);
        change(there, AT_FDCWD);
        link(there, "linked");
        look(open("linked", O_RDONLY), "a hard link");
        unlink("linked");
      }
    }
  }
  close(held);
  return NULL;
}

static void *swapper(void *seed) {
  unsigned long state = (unsigned long)seed;
  while (!over) {
    switch (next(&state) % 6) {
      case 0:
        renameat2(AT_FDCWD, "a/b", AT_FDCWD, "up", RENAME_EXCHANGE);
        break;
      case 1:
        renameat2(AT_FDCWD, "a/b", AT_FDCWD, "absolute", RENAME_EXCHANGE);
        break;
      case 2:
        rename("a/b/c", "c");
        rename("c", "a/b/c");
        break;
      case 3:
        renameat2(AT_FDCWD, "a/b/c", AT_FDCWD, "deep", RENAME_EXCHANGE);
        break;
      case 4:
        rename("a/b", "b");
        rename("b", "a/b");
        break;
      case 5:
        renameat2(AT_FDCWD, "a", AT_FDCWD, "deep", RENAME_EXCHANGE);
    }
  }
  return NULL;
}

int main(int count, char **arguments) {
  if (count < 5 || chdir(arguments[1]) != 0) return 2;
  unsigned long seed = strtoul(arguments[2], NULL, 0) * 2 + 1;
  rounds = strtol(arguments[3], NULL, 0);
  outside = arguments + 4;
  outsides = count - 4;
  pthread_t threads[WALKERS + 1];
  pthread_create(&threads[WALKERS], NULL, swapper, (void *)(seed * 31));
  for (long i = 0; i < WALKERS; i++) pthread_create(&threads[i], NULL, walker, (void *)(seed * 131 + (unsigned long)i * 7919));
  for (int i = 0; i < WALKERS; i++) pthread_join(threads[i], NULL);
  over = 1;
  pthread_join(threads[WALKERS], NULL);
  printf("%s opened, %ld escapes\n", opened > rounds / 20 ? "many" : "few", escaped);
  return 0;
}
