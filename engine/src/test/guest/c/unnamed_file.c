/* A file that never has a name, in /tmp. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void) {
  char text[16] = {0};
  struct stat status;
  int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
  printf("open: %s\n", file >= 0 ? "yes" : strerror(errno));
  printf("write: %zd\n", write(file, "unnamed", 7));
  printf("pread: %zd %s\n", pread(file, text, 15, 0), text);
  fstat(file, &status);
  printf("links %ld size %ld mode %o\n", (long)status.st_nlink, (long)status.st_size, status.st_mode);
  return close(file);
}
