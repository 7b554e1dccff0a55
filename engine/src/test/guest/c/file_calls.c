/* Files and directories through the C library: each line is one observation. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void say(const char *what, long result) {
  printf("%s: %ld%s%s\n", what, result, result < 0 ? " " : "", result < 0 ? strerror(errno) : "");
}

static int byName(const struct dirent **a, const struct dirent **b) { return alphasort(a, b); }

int main(void) {
  struct stat status;
  char buffer[64] = {0};
  int file = open("one", O_RDWR | O_CREAT | O_EXCL, 0640);
  say("create", file >= 0 ? 0 : -1);
  say("create again", open("one", O_RDWR | O_CREAT | O_EXCL, 0640));
  say("write", write(file, "0123456789", 10));
  say("pwrite", pwrite(file, "ABC", 3, 4));
  say("pread", pread(file, buffer, 5, 3));
  printf("read: %s\n", buffer);
  say("lseek end", lseek(file, 0, SEEK_END));
  say("lseek before start", lseek(file, -1, SEEK_SET));
  say("sparse write", pwrite(file, "end", 3, 100000));
  say("seek hole", lseek(file, 0, SEEK_HOLE) > 0);
  say("fstat", fstat(file, &status));
  printf("size %ld mode %o links %ld\n", (long)status.st_size, status.st_mode, (long)status.st_nlink);
  say("truncate", ftruncate(file, 20));
  struct iovec parts[2] = {{buffer, 4}, {buffer + 4, 6}};
  lseek(file, 0, SEEK_SET);
  say("readv", readv(file, parts, 2));
  printf("readv: %.10s\n", buffer);
  say("read at bad address", read(file, (void *)16, 4));
  say("close", close(file));
  say("close again", close(file));
  say("read closed", read(file, buffer, 1));
  say("mkdir", mkdir("directory", 0755));
  say("mkdir again", mkdir("directory", 0755));
  say("mkdir under file", mkdir("one/two", 0755));
  say("rename", rename("one", "directory/moved"));
  say("stat old", stat("one", &status));
  say("link", link("directory/moved", "hard"));
  say("symlink", symlink("directory/moved", "soft"));
  say("readlink", readlink("soft", buffer, sizeof buffer));
  say("loop made", symlink("loop", "loop"));
  say("open loop", open("loop", O_RDONLY));
  say("open nofollow", open("soft", O_RDONLY | O_NOFOLLOW));
  say("open directory for writing", open("directory", O_WRONLY));
  say("lstat", lstat("soft", &status));
  printf("soft mode %o\n", status.st_mode & S_IFMT);
  say("stat hard", stat("hard", &status));
  printf("links %ld\n", (long)status.st_nlink);
  say("rmdir full", rmdir("directory"));
  say("chmod", chmod("hard", 0600));
  struct timespec times[2] = {{1000000000, 5}, {1100000000, 7}};
  say("utimensat", utimensat(AT_FDCWD, "hard", times, 0));
  stat("hard", &status);
  printf("times %ld %ld mode %o\n", (long)status.st_atime, (long)status.st_mtime, status.st_mode);
  struct dirent **names;
  int count = scandir("directory", &names, NULL, byName);
  for (int i = 0; i < count; i++) printf("entry %s\n", names[i]->d_name);
  file = open("hard", O_RDWR);
  char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  say("mmap", map != MAP_FAILED ? 0 : -1);
  printf("mapped %.10s\n", map);
  memcpy(map, "via memory", 10);
  say("msync", msync(map, 4096, MS_SYNC));
  memset(buffer, 0, sizeof buffer);
  say("pread", pread(file, buffer, 12, 0));
  printf("file now %.10s\n", buffer);
  say("munmap", munmap(map, 4096));
  map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  map[0] = 'X';
  say("pread", pread(file, buffer, 1, 0));
  printf("file still %c\n", buffer[0]);
  int copy = dup(file);
  lseek(copy, 5, SEEK_SET);
  say("shared offset", lseek(file, 0, SEEK_CUR));
  say("dup2 to 77", dup2(file, 77));
  say("cloexec", fcntl(77, F_GETFD));
  say("set cloexec", fcntl(77, F_SETFD, FD_CLOEXEC));
  say("cloexec", fcntl(77, F_GETFD));
  say("flags", fcntl(file, F_GETFL) & (O_ACCMODE | O_APPEND));
  int pipes[2];
  say("pipe", pipe(pipes));
  say("pipe write", write(pipes[1], "through", 7));
  say("pipe read", read(pipes[0], buffer, 64));
  say("pipe seek", lseek(pipes[0], 0, SEEK_SET));
  struct stat nameless;
  say("pipe chmod", fchmod(pipes[1], 0200));
  fstat(pipes[0], &nameless);
  printf("pipe mode: %o\n", nameless.st_mode);
  int sockets[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
  say("socket chmod", fchmod(sockets[0], 0200));
  fstat(sockets[0], &nameless);
  printf("socket mode: %o\n", nameless.st_mode);
  fstat(sockets[1], &nameless);
  printf("its peer's: %o\n", nameless.st_mode);
  close(pipes[1]);
  say("pipe end", read(pipes[0], buffer, 64));
  say("unlink", unlink("soft"));
  say("unlink missing", unlink("soft"));
  say("unlink directory", unlink("directory"));
  say("chdir", chdir("directory"));
  say("access moved", access("moved", R_OK));
  say("access missing", access("../nothing", F_OK));
  say("access up", access("../hard", F_OK));
  say("long name", open("12345678901234567890123456789012345678901234567890123456789012345678901234567890"
                        "12345678901234567890123456789012345678901234567890123456789012345678901234567890"
                        "12345678901234567890123456789012345678901234567890123456789012345678901234567890"
                        "12345678901234567890", O_RDONLY));
  say("null path", open(NULL, O_RDONLY));
  say("empty path", open("", O_RDONLY));
  return 0;
}
