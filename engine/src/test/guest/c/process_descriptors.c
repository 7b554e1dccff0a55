/* Uses descriptors of processes, and prints what each call answered. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static void say(const char *what, long result) {
  if (result == -1) {
    printf("%s: %s\n", what, strerror(errno));
  } else {
    printf("%s: %ld\n", what, result);
  }
}

static int open_process(pid_t pid, int flags) { return syscall(SYS_pidfd_open, pid, flags); }

static int send_signal(int descriptor, int signal, siginfo_t *info, int flags) {
  return syscall(SYS_pidfd_send_signal, descriptor, signal, info, flags);
}

static void ready(const char *what, int descriptor) {
  struct pollfd watched = {descriptor, POLLIN | POLLOUT, 0};
  int count = poll(&watched, 1, 0);
  printf("%s: %d events %x\n", what, count, watched.revents);
}

static void await(const char *what, int descriptor, int options) {
  siginfo_t info = {0};
  say(what, waitid(P_PIDFD, descriptor, &info, options));
  printf("  signal %d code %d status %d\n", info.si_signo, info.si_code, info.si_status);
}

static void opened(void) {
  int ends[2];
  char byte;
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    read(ends[0], &byte, 1);
    _exit(7);
  }
  int descriptor = open_process(child, 0);
  say("close on exec", fcntl(descriptor, F_GETFD));
  say("status flags", fcntl(descriptor, F_GETFL) & O_ACCMODE);
  say("read", read(descriptor, &byte, 1));
  say("write", write(descriptor, &byte, 1));
  ready("running", descriptor);
  say("null signal", send_signal(descriptor, 0, NULL, 0));
  say("no signal", send_signal(descriptor, 99, NULL, 0));
  say("unknown flags", send_signal(descriptor, 0, NULL, 77));
  say("not a process", send_signal(ends[0], 0, NULL, 0));
  say("not open", send_signal(-1, 0, NULL, 0));
  siginfo_t info = {0};
  info.si_signo = SIGUSR1;
  say("another signal", send_signal(descriptor, SIGUSR2, &info, 0));
  info.si_code = SI_USER;
  say("pretending", send_signal(descriptor, SIGUSR1, &info, 0));
  await("not yet", descriptor, WEXITED | WNOHANG);
  await("not a process", ends[0], WEXITED);
  await("negative", -1, WEXITED);
  await("no states", descriptor, WNOHANG);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 5};
  say("watch", epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event));
  close(ends[1]);
  printf("ended %d", epoll_wait(epoll, &event, 1, 10000));
  printf(" %x\n", event.events);
  ready("zombie", descriptor);
  say("signal to a zombie", send_signal(descriptor, SIGTERM, NULL, 0));
  await("look", descriptor, WEXITED | WNOWAIT);
  await("take", descriptor, WEXITED);
  await("again", descriptor, WEXITED);
  say("signal to nobody", send_signal(descriptor, 0, NULL, 0));
  say("open nobody", open_process(child, 0));
  say("open negative", open_process(-1, 0));
  say("unknown flags", open_process(getpid(), 1));
  close(descriptor);
  close(ends[0]);
  close(epoll);
}

static void nonblocking(void) {
  pid_t child = fork();
  if (child == 0) {
    pause();
  }
  int descriptor = open_process(child, O_NONBLOCK);
  say("flags", fcntl(descriptor, F_GETFL) & O_NONBLOCK);
  await("would wait", descriptor, WEXITED);
  await("does not wait", descriptor, WEXITED | WNOHANG);
  say("stop", send_signal(descriptor, SIGSTOP, NULL, 0));
  int status;
  waitpid(child, &status, WUNTRACED);
  printf("stopped %d\n", WSTOPSIG(status));
  ready("stopped", descriptor);
  say("kill", send_signal(descriptor, SIGKILL, NULL, 0));
  struct pollfd watched = {descriptor, POLLIN, 0};
  say("poll", poll(&watched, 1, 10000));
  await("killed", descriptor, WEXITED);
  close(descriptor);
}

static int descriptors(void) {
  int count = 0;
  for (int i = 0; i < 100; i++) {
    count += fcntl(i, F_GETFD) != -1;
  }
  return count;
}

static void cloned(void) {
  int before = descriptors(), descriptor = -1;
  pid_t child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, &descriptor, NULL, 0);
  if (child == 0) {
    _exit(descriptors() - before);
  }
  printf("new descriptors %d close on exec %d\n", descriptors() - before,
         fcntl(descriptor, F_GETFD));
  await("cloned", descriptor, WEXITED);
  close(descriptor);
  say("both at one place",
      syscall(SYS_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, NULL, &descriptor, NULL, 0));
  say("nowhere", syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, 8, NULL, 0));
  printf("new descriptors %d\n", descriptors() - before);
  struct clone_args arguments = {
      .flags = CLONE_PIDFD | CLONE_PARENT_SETTID,
      .pidfd = (uintptr_t)&descriptor,
      .parent_tid = (uintptr_t)&child,
      .exit_signal = SIGCHLD,
  };
  pid_t result = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (result == 0) {
    kill(getpid(), SIGTERM);
  }
  printf("id %d\n", result == child);
  await("killed", descriptor, WEXITED);
  close(descriptor);
  arguments.parent_tid = arguments.pidfd;
  say("both at one place", syscall(SYS_clone3, &arguments, sizeof arguments));
  arguments.flags = CLONE_PIDFD | CLONE_DETACHED;
  say("detached", syscall(SYS_clone3, &arguments, sizeof arguments));
}

static void descriptors_of_others(void) {
  int ends[2], back[2];
  char text[20] = "";
  pipe(ends);
  pipe(back);
  pid_t child = fork();
  if (child == 0) {
    int copy = fcntl(ends[1], F_DUPFD, 90);
    write(back[1], "x", 1);
    pause();
    _exit(copy);
  }
  read(back[0], text, 1);
  close(ends[1]);
  int descriptor = open_process(child, 0);
  int taken = syscall(SYS_pidfd_getfd, descriptor, 90, 0);
  say("close on exec", fcntl(taken, F_GETFD));
  send_signal(descriptor, SIGKILL, NULL, 0);
  await("killed", descriptor, WEXITED);
  write(taken, "through", 8);
  close(taken);
  say("read", read(ends[0], text, sizeof text));
  printf("%s, then %zd\n", text, read(ends[0], text, 1));
  say("of nobody", syscall(SYS_pidfd_getfd, descriptor, 90, 0));
  say("unknown flags", syscall(SYS_pidfd_getfd, descriptor, 90, 1));
  int own = open_process(getpid(), 0);
  say("not open", syscall(SYS_pidfd_getfd, own, 90, 0));
  say("not a process", syscall(SYS_pidfd_getfd, ends[0], 90, 0));
  ready("own", own);
}

static void directories_of_processes(void) {
  char path[60];
  int ends[2];
  char byte;
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    read(ends[0], &byte, 1);
    pause();
  }
  snprintf(path, sizeof path, "/proc/%d", child);
  int directory = open(path, O_RDONLY | O_DIRECTORY);
  int unopened = open(path, O_PATH | O_DIRECTORY);
  int task = openat(directory, "task", O_RDONLY);
  int status = openat(directory, "status", O_RDONLY);
  say("nothing", send_signal(directory, 0, NULL, 0));
  say("no signal", send_signal(directory, 99, NULL, 0));
  say("only a path", send_signal(unopened, 0, NULL, 0));
  say("its tasks", send_signal(task, 0, NULL, 0));
  snprintf(path, sizeof path, "/proc/%d/task/%d", child, child);
  say("one of them", send_signal(open(path, O_RDONLY), 0, NULL, 0));
  say("its status", send_signal(status, 0, NULL, 0));
  say("all processes", send_signal(open("/proc", O_RDONLY), 0, NULL, 0));
  say("SIGTERM", send_signal(directory, SIGTERM, NULL, 0));
  int ended;
  waitpid(child, &ended, 0);
  printf("status %x\n", ended);
  say("gone", send_signal(directory, 0, NULL, 0));
  say("wait", waitid(P_PIDFD, directory, NULL, WEXITED));
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  opened();
  nonblocking();
  cloned();
  descriptors_of_others();
  directories_of_processes();
  return 0;
}
