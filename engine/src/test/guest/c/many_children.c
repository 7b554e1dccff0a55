/* 150 children at once, of a process with much code; each keeps what it saw and what it wrote itself. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 150, ROUTINES = 60, PAGES = 256, PAGE = 4096 };

static int (*routines[ROUTINES])(void);
static int *memory;

static int *word(int page) { return memory + page * (PAGE / (int)sizeof(int)); }

/* Each page of the file returns its number. */
static void mapRoutines(void) {
  char page[PAGE];
  int file = open("routines", O_RDWR | O_CREAT | O_TRUNC, 0700);
  for (int i = 0; i < ROUTINES; i++) {
    memset(page, 0x90, sizeof page);
    memcpy(page, "\xb8\0\0\0\0\xc3", 6);
    memcpy(page + 1, &i, sizeof i);
    if (write(file, page, PAGE) != PAGE) exit(2);
  }
  close(file);
  file = open("routines", O_RDONLY);
  for (int i = 0; i < ROUTINES; i++) {
    void *mapped = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, (long)i * PAGE);
    if (mapped == MAP_FAILED) exit(3);
    routines[i] = (int (*)(void))mapped;
  }
  close(file);
}

/* What a page holds after the parent's nth round: each round writes every sixteenth. */
static int written(int page, int rounds) {
  int last = rounds - (rounds - page % 16 + 16) % 16;
  return last < 0 ? 0 : page * 1000 + last;
}

static int child(int number, int released) {
  for (int page = 0; page < PAGES; page++)
    if (*word(page) != written(page, number)) return 10;
  for (int page = number % 8; page < PAGES; page += 8) *word(page) = -number;
  char byte;
  if (read(released, &byte, 1) != 0) return 11;
  for (int page = 0; page < PAGES; page++)
    if (*word(page) != (page % 8 == number % 8 ? -number : written(page, number))) return 12;
  for (int i = number; i < number + 3; i++)
    if (routines[i % ROUTINES]() != i % ROUTINES) return 13;
  return 0;
}

int main(void) {
  pid_t children[CHILDREN];
  int release[2], failures = 0;
  mapRoutines();
  if (pipe(release) < 0) return 4;
  memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int number = 0; number < CHILDREN; number++) {
    for (int page = number % 16; page < PAGES; page += 16) *word(page) = page * 1000 + number;
    children[number] = fork();
    if (children[number] < 0) {
      perror("fork");
      return 5;
    }
    if (children[number] == 0) {
      close(release[1]);
      _exit(child(number, release[0]));
    }
  }
  close(release[1]);
  for (int number = 0; number < CHILDREN; number++) {
    int status;
    if (waitpid(children[number], &status, 0) != children[number] || status != 0) {
      printf("child %d: 0x%x\n", number, status);
      failures++;
    }
  }
  for (int page = 0; page < PAGES; page++)
    if (*word(page) != written(page, CHILDREN - 1)) failures++;
  for (int i = 0; i < ROUTINES; i++)
    if (routines[i]() != i) failures++;
  printf("%d failures\n", failures);
  return failures != 0;
}
