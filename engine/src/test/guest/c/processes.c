/* Forks, executes, waits, stops and kills, and prints what became of the children. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int children_ended;

static void on_child(int signal) { children_ended++; }

static void say(const char *what, int status) {
  if (WIFEXITED(status)) {
    printf("%s: exited %d\n", what, WEXITSTATUS(status));
  } else if (WIFSIGNALED(status)) {
    printf("%s: signal %d\n", what, WTERMSIG(status));
  } else if (WIFSTOPPED(status)) {
    printf("%s: stopped %d\n", what, WSTOPSIG(status));
  } else if (WIFCONTINUED(status)) {
    printf("%s: continued\n", what);
  }
}

static void memory_of_a_child(void) {
  int own = 1, status;
  int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char *large = malloc(10 << 20);
  memset(large, 1, 10 << 20);
  pid_t child = fork();
  if (child == 0) {
    own = 2;
    *shared = 42;
    large[5] = 9;
    _exit(7);
  }
  pid_t waited = wait4(child, &status, 0, NULL);
  printf("waited %d own %d shared %d large %d\n", waited == child, own, *shared, large[5]);
  say("child", status);
}

static void grandchild(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    pid_t grandchild = fork();
    if (grandchild == 0) {
      usleep(1000);
      _exit(3);
    }
    waitpid(grandchild, &status, 0);
    _exit(WEXITSTATUS(status) + 1);
  }
  waitpid(child, &status, 0);
  say("grandchild", status);
}

static void execution(void) {
  int ends[2], status;
  char text[100];
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    close(ends[0]);
    execl("/bin/echo", "echo", "from another program", (char *)NULL);
    _exit(1);
  }
  close(ends[1]);
  ssize_t count = read(ends[0], text, sizeof text - 1);
  text[count > 0 ? count : 0] = 0;
  printf("read: %s", text);
  waitpid(child, &status, 0);
  say("exec", status);
  child = vfork();
  if (child == 0) {
    execl("/bin/true", "true", (char *)NULL);
    _exit(1);
  }
  waitpid(child, &status, 0);
  say("vfork and exec", status);
  child = vfork();
  if (child == 0) {
    execl("/nonexistent", "x", (char *)NULL);
    _exit(errno);
  }
  waitpid(child, &status, 0);
  say("vfork and failed exec", status);
  printf("system: %d\n", system("exit 5") >> 8);
  FILE *pipe = popen("echo from a shell", "r");
  while (fgets(text, sizeof text, pipe)) {
    printf("popen: %s", text);
  }
  printf("pclose %d\n", pclose(pipe));
}

static void states(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    for (;;) {
      pause();
    }
  }
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  say("stop", status);
  kill(child, SIGCONT);
  waitpid(child, &status, WCONTINUED);
  say("continue", status);
  printf("still there %d\n", waitpid(child, &status, WNOHANG));
  kill(child, SIGTERM);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  printf("waitid: code %d status %d own %d\n", info.si_code, info.si_status, info.si_pid == child);
  waitpid(child, &status, 0);
  say("terminate", status);
}

static void children_signals(void) {
  int status;
  signal(SIGCHLD, on_child);
  pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  while (!children_ended) {
  }
  waitpid(child, &status, 0);
  errno = 0;
  pid_t none = wait(&status);
  printf("heard of %d, then %d %d\n", children_ended, none, errno == ECHILD);
  signal(SIGCHLD, SIG_IGN);
  child = fork();
  if (child == 0) {
    _exit(0);
  }
  errno = 0;
  none = waitpid(child, &status, 0);
  printf("nothing to wait for %d %d\n", none, errno == ECHILD);
  signal(SIGCHLD, SIG_DFL);
}

static void groups(void) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    setsid();
    _exit(getsid(0) == getpid() && getpgrp() == getpid() && setpgid(0, 0) == -1 ? 0 : 1);
  }
  waitpid(child, &status, 0);
  say("session", status);
  pid_t first = fork();
  if (first == 0) {
    pause();
  }
  setpgid(first, first);
  pid_t second = fork();
  if (second == 0) {
    pause();
  }
  setpgid(second, first);
  printf("group %d\n", getpgid(second) == first);
  kill(-first, SIGKILL);
  waitpid(-first, &status, 0);
  say("group", status);
  waitpid(-first, &status, 0);
  say("group", status);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  memory_of_a_child();
  grandchild();
  execution();
  states();
  children_signals();
  groups();
  return 0;
}
