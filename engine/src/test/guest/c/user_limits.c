/* Nice values, and how many processes a user may have. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER = 41234, OTHER = 41235 };

static void say(const char *what, long result) {
  if (result == -1) {
    printf("%s: %s\n", what, strerror(errno));
  } else {
    printf("%s: %ld\n", what, result);
  }
}

static void shown(const char *what) {
  char text[1000] = "";
  FILE *stat = fopen("/proc/thread-self/stat", "r");
  size_t length = fread(text, 1, sizeof text - 1, stat);
  fclose(stat);
  text[length] = 0;
  long priority, nice;
  char *at = strrchr(text, ')');
  sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %ld %ld", &priority, &nice);
  printf("%s: priority %ld nice %ld\n", what, priority, nice);
}

static void in_child(void (*act)(void)) {
  pid_t child = fork();
  if (child < 0) {
    say("fork", child);
    return;
  }
  if (child == 0) {
    act();
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status %x\n", status);
}

static void inherits(void) {
  say("inherited", getpriority(PRIO_PROCESS, 0));
  shown("inherited");
  say("nice", nice(3));
  say("far too nice", nice(100));
  say("nice value", getpriority(PRIO_PROCESS, 0));
}

static void *of_a_thread(void *unused) {
  (void)unused;
  say("thread inherits", getpriority(PRIO_PROCESS, 0));
  say("thread alone", setpriority(PRIO_PROCESS, 0, 9));
  say("thread", getpriority(PRIO_PROCESS, syscall(SYS_gettid)));
  shown("thread");
  say("its process", getpriority(PRIO_PROCESS, getpid()));
  return NULL;
}

static void groups(void) {
  setpgid(0, 0);
  int ends[2], back[2];
  char byte;
  pipe(ends);
  pipe(back);
  pid_t child = fork();
  if (child == 0) {
    setpriority(PRIO_PROCESS, 0, 2);
    write(back[1], "x", 1);
    read(ends[0], &byte, 1);
    say("child", getpriority(PRIO_PROCESS, 0));
    _exit(0);
  }
  read(back[0], &byte, 1);
  say("least nice of the group", getpriority(PRIO_PGRP, 0));
  say("all of the group", setpriority(PRIO_PGRP, 0, 7));
  say("own", getpriority(PRIO_PROCESS, 0));
  write(ends[1], "x", 1);
  waitpid(child, NULL, 0);
}

static void ordinary(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_NICE, &none);
  setresuid(USER, USER, USER);
  say("least nice of the user", getpriority(PRIO_USER, 0));
  say("nicer", setpriority(PRIO_PROCESS, 0, 12));
  say("less nice", setpriority(PRIO_PROCESS, 0, 11));
  say("the same", setpriority(PRIO_PROCESS, 0, 12));
  say("others", setpriority(PRIO_PROCESS, getppid(), 19));
  say("whole user", setpriority(PRIO_USER, USER, 13));
  say("own", getpriority(PRIO_PROCESS, 0));
  say("a user without processes", getpriority(PRIO_USER, OTHER));
  say("nobody", setpriority(PRIO_USER, OTHER, 1));
  say("nice", nice(-1));
}

static void exits(void) { _exit(0); }

static void forks(void) {
  in_child(exits);
  pthread_t thread;
  printf("thread %d\n", pthread_create(&thread, NULL, of_a_thread, NULL));
}

static void superuser_without_processes(void) {
  struct rlimit none = {0, 0};
  say("limit", setrlimit(RLIMIT_NPROC, &none));
  in_child(exits);
}

static void user_with_one_process(void) {
  struct rlimit one = {1, 1};
  say("limit", setrlimit(RLIMIT_NPROC, &one));
  setresuid(USER, USER, USER);
  forks();
}

static void user_with_two_processes(void) {
  struct rlimit two = {2, 2};
  say("limit", setrlimit(RLIMIT_NPROC, &two));
  setresuid(USER, USER, USER);
  in_child(exits);
  in_child(forks);
}

static void capable_of_more(void) {
  struct rlimit one = {1, 1};
  say("limit", setrlimit(RLIMIT_NPROC, &one));
  setresuid(USER, 0, 0);
  in_child(exits);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  errno = 0;
  say("at first", getpriority(PRIO_PROCESS, 0));
  say("no such kind", getpriority(3, 0));
  say("no such kind", setpriority(-1, 0, 0));
  say("nobody", getpriority(PRIO_PROCESS, 1 << 22));
  say("nobody", setpriority(PRIO_PROCESS, 1 << 22, 0));
  say("no group", getpriority(PRIO_PGRP, 1 << 22));
  say("5", setpriority(PRIO_PROCESS, 0, 5));
  printf("raw %ld\n", syscall(SYS_getpriority, PRIO_PROCESS, 0));
  in_child(inherits);
  say("still", getpriority(PRIO_PROCESS, getpid()));
  pthread_t thread;
  pthread_create(&thread, NULL, of_a_thread, NULL);
  pthread_join(thread, NULL);
  in_child(groups);
  in_child(ordinary);
  say("less nice", setpriority(PRIO_PROCESS, 0, -30));
  say("own", getpriority(PRIO_PROCESS, 0) + 20);
  shown("own");
  say("back", setpriority(PRIO_PROCESS, 0, 0));
  in_child(superuser_without_processes);
  in_child(user_with_one_process);
  in_child(user_with_two_processes);
  in_child(capable_of_more);
  return 0;
}
