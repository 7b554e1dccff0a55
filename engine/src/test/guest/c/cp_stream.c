/*
 * A stream between two cVMs, through ordinary descriptors. Each side checks what it sees.
 *   own NAME OPENER   creates and grants the stream, echoes, half-closes, revokes
 *   open CVM/NAME     writes more than fits, polls, passes the descriptor on, hears of the revocation
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capvm.h"

enum { MANY = 3 << 20, PIECE = 70001 };

#define CHECK(condition)                                                                       \
  do {                                                                                         \
    if (!(condition)) {                                                                        \
      printf("line %d: %s: %s\n", __LINE__, #condition, strerror(errno));                      \
      exit(1);                                                                                 \
    }                                                                                          \
  } while (0)

static char piece[PIECE];

static char at(long position) { return (char)(position * 31 + position / 251); }

static void take(int fd, void *buffer, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t count = read(fd, (char *)buffer + done, length - done);
    CHECK(count > 0);
    done += (size_t)count;
  }
}

static short polled(int fd, short events, int timeout) {
  struct pollfd entry = {fd, events, 0};
  CHECK(poll(&entry, 1, timeout) >= 0);
  return entry.revents;
}

static void own(const char *name, const char *opener) {
  cap_t stream, other;
  int fd = cp_stream_create(name, SOCK_CLOEXEC, &stream);
  CHECK(fd >= 0 && stream > 0);
  CHECK(cp_stream_create(name, 0, &other) == -EEXIST);
  CHECK(cp_file_read(stream, 0, piece, 1) < 0);
  CHECK(cp_file_write(stream, 0, piece, 1) < 0);
  CHECK(cp_file_restrict(stream, 0, 0, CAP_READ) < 0);
  CHECK(cp_stream_grant(stream, opener, CAP_READ | CAP_WRITE) == 0);
  /* Before anybody has opened it. */
  CHECK(write(fd, "first", 5) == 5);

  for (long position = 0; position < MANY;) {
    ssize_t count = read(fd, piece, sizeof piece);
    CHECK(count > 0);
    for (ssize_t i = 0; i < count; i++, position++) {
      CHECK(piece[i] == at(position));
    }
  }
  CHECK(write(fd, "all", 3) == 3);
  /* The other side finished sending, and still receives. */
  CHECK(read(fd, piece, 1) == 0);
  CHECK(polled(fd, POLLIN | POLLRDHUP, -1) & POLLRDHUP);
  CHECK(write(fd, "after the end", 13) == 13);
  int unread;
  do {
    CHECK(ioctl(fd, SIOCOUTQ, &unread) == 0);
  } while (unread > 0);
  while (polled(fd, POLLOUT, 0) & POLLOUT) {
    /* Fills what the other side does not read. */
    CHECK(send(fd, piece, sizeof piece, MSG_DONTWAIT) > 0);
  }
  CHECK(cp_stream_revoke(stream) == 0);
  errno = 0;
  CHECK(write(fd, "x", 1) < 0 && (errno == EPIPE || errno == ECONNRESET));
  CHECK(write(fd, "x", 1) < 0 && errno == EPIPE);
  CHECK(read(fd, piece, 1) == 0);
  CHECK(cp_stream_close(stream) == 0);
  CHECK(cp_stream_close(stream) == -EBADF);
  puts("owner: done");
}

static void write_all(int fd) {
  for (long position = 0; position < MANY;) {
    size_t length = 0;
    while (length < sizeof piece && position + (long)length < MANY) {
      piece[length] = at(position + (long)length);
      length++;
    }
    for (size_t done = 0; done < length;) {
      ssize_t count = write(fd, piece + done, length - done);
      CHECK(count > 0);
      done += (size_t)count;
    }
    position += (long)length;
  }
}

/* Sends a descriptor to a process of the same cVM, which writes to the stream. */
static void pass_on(int fd) {
  int pair[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  char space[CMSG_SPACE(sizeof fd)] = {0};
  char byte = 0;
  struct iovec vector = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    close(fd);
    CHECK(recvmsg(pair[1], &message, 0) == 1);
    int received;
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
    write_all(received);
    _exit(0);
  }
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  CHECK(sendmsg(pair[0], &message, 0) == 1);
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  close(pair[0]);
  close(pair[1]);
}

static int opened(const char *name) {
  int fd;
  while ((fd = cp_stream_open(name, 0)) == -ENOENT) {
    usleep(1000);
  }
  return fd;
}

static void open_other(const char *name) {
  int fd = opened(name);
  CHECK(fd >= 0);
  CHECK(cp_stream_open(name, 0) == -EBUSY);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(fd, &set);
  CHECK(select(fd + 1, &set, NULL, NULL, NULL) == 1);
  char text[16] = "";
  take(fd, text, 5);
  CHECK(strcmp(text, "first") == 0);

  pass_on(fd);
  int epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
  CHECK(epoll_wait(epoll, &event, 1, -1) == 1 && event.data.fd == fd);
  take(fd, text, 3);
  CHECK(memcmp(text, "all", 3) == 0);
  CHECK(shutdown(fd, SHUT_WR) == 0);
  CHECK(send(fd, "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
  take(fd, text, 13);
  CHECK(memcmp(text, "after the end", 13) == 0);
  /* Until the end is cut off, with bytes unread. */
  CHECK(polled(fd, 0, -1) & POLLERR);
  CHECK(read(fd, text, 1) < 0 && errno == EBADF);
  CHECK(write(fd, text, 1) < 0 && errno == EBADF);
  CHECK(polled(fd, POLLIN | POLLOUT, 0) & (POLLERR | POLLHUP));
  puts("opener: done");
}

/* Waits for a side that is killed. */
static void hear(const char *name) {
  int fd = opened(name);
  CHECK(fd >= 0);
  puts("waiting");
  fflush(stdout);
  char byte;
  ssize_t count = read(fd, &byte, 1);
  printf("read: %s\n", count == 0 ? "end" : strerror(errno));
  count = write(fd, &byte, 1);
  printf("write: %s\n", count >= 0 ? "done" : strerror(errno));
}

static void hold(const char *name) {
  cap_t stream;
  CHECK(cp_stream_create(name, 0, &stream) >= 0);
  CHECK(cp_stream_grant(stream, "*", CAP_READ | CAP_WRITE) == 0);
  puts("holding");
  fflush(stdout);
  pause();
}

/* Reads to the end, from Java or whoever it is, and answers with how much it was. */
static void count(const char *name) {
  int fd = opened(name);
  long total = 0;
  ssize_t got;
  while ((got = read(fd, piece, sizeof piece)) > 0) {
    total += got;
  }
  CHECK(got == 0);
  int length = snprintf(piece, sizeof piece, "%ld bytes", total);
  CHECK(write(fd, piece, (size_t)length) == length);
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  const char *role = argc > 2 ? argv[1] : "";
  if (strcmp(role, "own") == 0) {
    own(argv[2], argv[3]);
  } else if (strcmp(role, "open") == 0) {
    open_other(argv[2]);
  } else if (strcmp(role, "hold") == 0) {
    hold(argv[2]);
  } else if (strcmp(role, "hear") == 0) {
    hear(argv[2]);
  } else if (strcmp(role, "count") == 0) {
    count(argv[2]);
  } else {
    return 2;
  }
  return 0;
}
