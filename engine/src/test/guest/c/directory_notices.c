/* Has itself told by signals what happens in directories, and prints what it was told. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int rt_signal;

static void say(const char *what, long result) {
  if (result == -1) {
    printf("%s: %s\n", what, strerror(errno));
  } else {
    printf("%s: %ld\n", what, result);
  }
}

/* Takes all signals that wait. */
static void told(const char *what) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGIO);
  sigaddset(&set, rt_signal);
  struct timespec now = {0, 0};
  siginfo_t info;
  printf("%s:", what);
  int signal;
  while ((signal = sigtimedwait(&set, &info, &now)) > 0) {
    if (signal == SIGIO) {
      printf(" SIGIO code %d", info.si_code);
    } else {
      printf(" fd %d code %d band %lx", info.si_fd, info.si_code, info.si_band);
    }
  }
  printf("\n");
}

static void put(const char *path) {
  int file = open(path, O_WRONLY | O_CREAT, 0600);
  write(file, "x", 1);
  close(file);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  rt_signal = SIGRTMIN + 2;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGIO);
  sigaddset(&set, rt_signal);
  sigprocmask(SIG_BLOCK, &set, NULL);
  mkdir("one", 0700);
  mkdir("other", 0700);
  put("one/file");
  int file = open("one/file", O_RDWR);
  int one = open("one", O_RDONLY);
  say("a file", fcntl(file, F_NOTIFY, DN_CREATE));
  say("nothing of a file", fcntl(file, F_NOTIFY, 0));
  say("only a path", fcntl(open("one", O_PATH), F_NOTIFY, DN_CREATE));
  say("owner", fcntl(one, F_GETOWN));
  say("create", fcntl(one, F_NOTIFY, DN_CREATE));
  printf("owner is this %d\n", fcntl(one, F_GETOWN) == getpid());
  put("other/elsewhere");
  told("elsewhere");
  put("one/made");
  told("made");
  put("one/more");
  told("only once");
  say("create", fcntl(one, F_NOTIFY, DN_CREATE));
  say("and delete", fcntl(one, F_NOTIFY, DN_DELETE));
  unlink("one/more");
  told("both in one");
  put("one/more");
  told("over");

  say("no signal", fcntl(one, F_SETSIG, 65));
  say("negative", fcntl(one, F_SETSIG, -1));
  say("signal", fcntl(one, F_SETSIG, rt_signal));
  printf("it is %d\n", fcntl(one, F_GETSIG) == rt_signal);
  say("all", fcntl(one, F_NOTIFY,
                   DN_MULTISHOT | DN_CREATE | DN_DELETE | DN_RENAME | DN_ATTRIB | DN_MODIFY | DN_ACCESS));
  char byte;
  read(file, &byte, 1);
  told("read");
  write(file, "x", 1);
  told("written");
  fchmod(file, 0640);
  told("mode");
  mkdir("one/directory", 0700);
  told("directory");
  put("one/directory/deeper");
  told("deeper");
  rename("one/more", "one/renamed");
  told("renamed");
  rename("one/renamed", "other/renamed");
  told("away");
  rename("other/renamed", "one/renamed");
  told("back");
  unlink("one/renamed");
  told("removed");
  chmod("one", 0755);
  told("the directory itself");
  int copy = dup(one);
  pid_t child = fork();
  if (child == 0) {
    put("one/by a child");
    told("of the child");
    close(one);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  told("by a child");
  say("none", fcntl(one, F_NOTIFY, 0));
  put("one/unheard");
  told("none");
  say("again", fcntl(copy, F_NOTIFY, DN_MULTISHOT | DN_CREATE));
  put("one/heard");
  told("by the other descriptor");
  close(one);
  put("one/after one is closed");
  told("closed");
  int two[2] = {open("one", O_RDONLY), open("one", O_RDONLY)};
  say("first", fcntl(two[0], F_NOTIFY, DN_MULTISHOT | DN_CREATE));
  say("second", fcntl(two[1], F_NOTIFY, DN_MULTISHOT | DN_CREATE));
  say("signal", fcntl(two[1], F_SETSIG, rt_signal));
  put("one/two hear");
  told("two");
  struct f_owner_ex owner = {F_OWNER_PGRP, getpgrp()};
  say("group", fcntl(two[0], F_SETOWN_EX, &owner));
  printf("it is %d\n", fcntl(two[0], F_GETOWN) == -getpgrp());
  owner.type = 3;
  say("no such kind", fcntl(two[0], F_SETOWN_EX, &owner));
  owner.type = F_OWNER_PID;
  owner.pid = 1 << 22;
  say("no such process", fcntl(two[0], F_SETOWN_EX, &owner));
  say("to nobody", fcntl(two[0], F_SETOWN, 0));
  put("one/one hears");
  told("one");
  return 0;
}
