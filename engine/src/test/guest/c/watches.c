/* Watches files and directories, changes them, and prints what was heard of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int instance;
static unsigned cookies[2];

static void say(const char *what, long result) {
  if (result == -1) {
    printf("%s: %s\n", what, strerror(errno));
  } else {
    printf("%s: %ld\n", what, result);
  }
}

static void heard(const char *what) {
  char buffer[8192] __attribute__((aligned(8)));
  int waiting = -1;
  ioctl(instance, FIONREAD, &waiting);
  ssize_t count = read(instance, buffer, sizeof buffer);
  printf("%s: %zd of %d\n", what, count, waiting);
  for (char *at = buffer; at < buffer + count;) {
    struct inotify_event *event = (struct inotify_event *)at;
    if (event->mask & IN_MOVED_FROM) {
      cookies[0] = event->cookie;
    } else if (event->mask & IN_MOVED_TO) {
      cookies[1] = event->cookie;
    } else if (event->cookie != 0) {
      printf("  a cookie\n");
    }
    printf("  watch %d mask %x name %.*s (%u)\n", event->wd, event->mask, (int)event->len,
           event->len ? event->name : "", event->len);
    at += sizeof *event + event->len;
  }
}

static void put(const char *path, const char *text, int flags) {
  int file = open(path, O_WRONLY | flags, 0600);
  write(file, text, strlen(text));
  close(file);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  char text[10];
  say("unknown flags", inotify_init1(1));
  instance = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  printf("made %d %d %x\n", instance >= 0, fcntl(instance, F_GETFD), fcntl(instance, F_GETFL));
  say("write", write(instance, text, 1));
  say("empty", read(instance, text, 10));
  mkdir("watched", 0700);
  mkdir("other", 0700);
  say("no events", inotify_add_watch(instance, "watched", 0));
  say("no such file", inotify_add_watch(instance, "nothing", IN_CREATE));
  say("not open", inotify_add_watch(-1, "watched", IN_CREATE));
  say("not an instance", inotify_add_watch(1, "watched", IN_CREATE));
  say("nowhere", inotify_add_watch(instance, NULL, IN_CREATE));
  say("add and create",
      inotify_add_watch(instance, "watched", IN_CREATE | IN_MASK_ADD | IN_MASK_CREATE));
  say("directory", inotify_add_watch(instance, "watched", IN_ALL_EVENTS & ~IN_ACCESS));
  say("again", inotify_add_watch(instance, "watched/", IN_ALL_EVENTS & ~IN_ACCESS));
  say("create alone", inotify_add_watch(instance, "watched", IN_CREATE | IN_MASK_CREATE));

  put("watched/file", "text", O_CREAT);
  struct pollfd ready = {instance, POLLIN, 0};
  say("poll", poll(&ready, 1, 10000));
  printf("events %x\n", ready.revents);
  say("too small", read(instance, text, 10));
  heard("made and written");
  printf("poll %d\n", poll(&ready, 1, 0));
  put("watched/file", "more", O_APPEND);
  heard("written");
  int file = open("watched/file", O_RDONLY);
  read(file, text, 1);
  close(file);
  heard("read");
  chmod("watched/file", 0640);
  truncate("watched/file", 3);
  heard("mode and length");
  mkdir("watched/directory", 0700);
  symlink("nothing", "watched/link");
  link("watched/file", "watched/name");
  mkfifo("watched/pipe", 0600);
  heard("made");
  rmdir("watched/directory");
  unlink("watched/link");
  unlink("watched/name");
  heard("removed");
  rename("watched/file", "watched/moved");
  heard("moved");
  printf("one cookie %d\n", cookies[0] == cookies[1] && cookies[0] != 0);
  rename("watched/moved", "other/moved");
  heard("moved away");
  rename("other/moved", "watched/with a rather long name");
  heard("moved here");
  chmod("watched", 0755);
  heard("the directory itself");

  say("file", inotify_add_watch(instance, "watched/with a rather long name", IN_ALL_EVENTS));
  say("not a directory",
      inotify_add_watch(instance, "watched/with a rather long name", IN_OPEN | IN_ONLYDIR));
  file = open("watched/with a rather long name", O_RDWR);
  write(file, "1", 1);
  write(file, "2", 1);
  pread(file, text, 2, 0);
  ftruncate(file, 0);
  fchmod(file, 0600);
  close(file);
  heard("both");
  put("watched/short", "x", O_CREAT);
  heard("another");
  rename("watched/short", "watched/with a rather long name");
  heard("replaced");
  say("no such watch", inotify_rm_watch(instance, 77));
  say("no instance", inotify_rm_watch(1, 1));

  say("once", inotify_add_watch(instance, "other", IN_CREATE | IN_ONESHOT));
  put("other/one", "", O_CREAT);
  put("other/two", "", O_CREAT);
  heard("once");
  say("fewer events", inotify_add_watch(instance, "watched", IN_DELETE));
  say("one more", inotify_add_watch(instance, "watched", IN_CREATE | IN_MASK_ADD));
  put("watched/third", "x", O_CREAT);
  pid_t child = fork();
  if (child == 0) {
    unlink("watched/third");
    _exit(0);
  }
  waitpid(child, NULL, 0);
  heard("by a child");
  say("end", inotify_rm_watch(instance, 1));
  put("watched/fourth", "x", O_CREAT);
  heard("ended");
  unlink("watched/fourth");
  unlink("watched/pipe");
  unlink("watched/with a rather long name");
  say("directory", inotify_add_watch(instance, "watched", IN_DELETE_SELF | IN_MOVE_SELF));
  rename("watched", "renamed");
  rmdir("renamed");
  heard("gone");
  fcntl(instance, F_SETFL, 0);
  say("last", inotify_add_watch(instance, "other", IN_CLOSE_WRITE));
  child = fork();
  if (child == 0) {
    usleep(10000);
    put("other/one", "", 0);
    _exit(0);
  }
  heard("waited for");
  waitpid(child, NULL, 0);
  close(instance);
  return 0;
}
