/* Sockets of one program and its children: what each call returns, printed without numbers that differ from run to run. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, long result) {
  printf("%s: %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
  fflush(stdout);
}

static int events(int fd) {
  struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
  poll(&p, 1, 0);
  return p.revents;
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = port};
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return a;
}

static struct sockaddr_un path(const char *name) {
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  strcpy(a.sun_path, name);
  return a;
}

static void tcp(void) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in a = loopback(0);
  socklen_t length = sizeof a;
  say("bind", bind(listener, (void *)&a, sizeof a));
  say("listen", listen(listener, 2));
  getsockname(listener, (void *)&a, &length);
  if (fork() == 0) {
    int c = socket(AF_INET, SOCK_STREAM, 0);
    char buffer[100000];
    long sum = 0, n;
    if (connect(c, (void *)&a, sizeof a) != 0) _exit(9);
    while ((n = read(c, buffer, sizeof buffer)) > 0) sum += n;
    dprintf(c, "%ld", sum);
    _exit(7);
  }
  int s = accept4(listener, 0, 0, SOCK_CLOEXEC);
  static char block[1 << 20];
  for (int i = 0; i < 8; i++) say("send", send(s, block, sizeof block, 0));
  say("shutdown", shutdown(s, SHUT_WR));
  char text[32] = {0};
  say("recv", recv(s, text, sizeof text, MSG_WAITALL));
  printf("the child counted %s\n", text);
  int status;
  wait(&status);
  printf("the child ended with %d\n", WEXITSTATUS(status));
  say("send after shutdown", send(s, "x", 1, MSG_NOSIGNAL));
  close(s);
  close(listener);
  int refused = socket(AF_INET, SOCK_STREAM, 0);
  say("connect to nobody", connect(refused, (void *)&a, sizeof a));
  int waiting = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  printf("fresh %x\n", events(waiting));
  say("connect", connect(waiting, (void *)&a, sizeof a));
  int error;
  length = sizeof error;
  getsockopt(waiting, SOL_SOCKET, SO_ERROR, &error, &length);
  printf("SO_ERROR %s\n", strerrorname_np(error));
  say("recv", recv(waiting, text, 1, 0));
  say("not a socket", send(1, "x", 1, 0));
  say("family", socket(77, SOCK_STREAM, 0));
  say("type", socket(AF_INET, SOCK_SEQPACKET, 0));
  say("protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
}

static void unix_names(void) {
  struct sockaddr_un a = path("name.socket");
  int one = socket(AF_UNIX, SOCK_STREAM, 0);
  say("bind", bind(one, (void *)&a, sizeof a));
  int two = socket(AF_UNIX, SOCK_STREAM, 0);
  say("bind again", bind(two, (void *)&a, sizeof a));
  say("connect before listen", connect(two, (void *)&a, sizeof a));
  say("listen", listen(one, 1));
  say("connect", connect(two, (void *)&a, sizeof a));
  struct ucred peer;
  socklen_t length = sizeof peer;
  getsockopt(two, SOL_SOCKET, SO_PEERCRED, &peer, &length);
  printf("peer is me: %d\n", peer.pid == getpid() && peer.uid == getuid());
  close(one);
  char byte;
  say("recv from a listener that went", recv(two, &byte, 1, 0));
  close(two);
  two = socket(AF_UNIX, SOCK_STREAM, 0);
  say("stale", connect(two, (void *)&a, sizeof a));
  unlink("name.socket");
  say("gone", connect(two, (void *)&a, sizeof a));
  struct sockaddr_un file = path("/etc/passwd");
  say("a file", connect(two, (void *)&file, sizeof file));
  int datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
  say("bind", bind(datagram, (void *)&a, sizeof a));
  say("wrong type", connect(two, (void *)&a, sizeof a));
  unlink("name.socket");
}

static void descriptors(void) {
  int pair[2], pipes[2];
  say("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  if (fork() == 0) {
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 'f';
    struct iovec piece = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    pipe(pipes);
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &pipes[0], sizeof(int));
    sendmsg(pair[1], &message, 0);
    write(pipes[1], "through the pipe", 16);
    _exit(0);
  }
  close(pair[1]);
  char control[256], byte, text[64] = {0};
  struct iovec piece = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  say("recvmsg", recvmsg(pair[0], &message, 0));
  int received;
  memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
  wait(0);
  say("read", read(received, text, sizeof text));
  puts(text);
  printf("the other end is closed: %x\n", events(pair[0]));
  say("end", recv(pair[0], &byte, 1, 0));
  say("broken", send(pair[0], "x", 1, MSG_NOSIGNAL));
  close(pair[0]);
  int packets[2];
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets);
  send(packets[0], "one two", 7, 0);
  send(packets[0], "three", 5, 0);
  say("truncated", recv(packets[1], text, 3, MSG_TRUNC));
  say("next", recv(packets[1], text, sizeof text, 0));
  if (fork() == 0) {
    close(packets[1]);
    send(packets[0], "x", 1, 0);
    _exit(0);
  }
  close(packets[0]);
  wait(0);
}

static void datagrams(void) {
  int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a = loopback(0);
  socklen_t length = sizeof a;
  bind(one, (void *)&a, sizeof a);
  getsockname(one, (void *)&a, &length);
  say("sendto", sendto(two, "datagram", 8, 0, (void *)&a, sizeof a));
  int waiting = 0;
  ioctl(one, FIONREAD, &waiting);
  printf("waiting %d\n", waiting);
  char text[16];
  say("truncated", recv(one, text, 4, MSG_TRUNC));
  say("empty", recv(one, text, 4, MSG_DONTWAIT));
  close(one);
  connect(two, (void *)&a, sizeof a);
  say("send", send(two, "x", 1, 0));
  say("refused", recv(two, text, 4, 0));
  say("no address", send(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0));
  struct timeval brief = {0, 20000};
  setsockopt(two, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
  say("timed out", recv(two, text, 4, 0));
}

static void watched(void) {
  int pair[2], epoll = epoll_create1(0);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  struct epoll_event e = {.events = EPOLLIN | EPOLLET | EPOLLRDHUP};
  epoll_ctl(epoll, EPOLL_CTL_ADD, pair[0], &e);
  say("nothing", epoll_wait(epoll, &e, 1, 0));
  write(pair[1], "ab", 2);
  say("edge", epoll_wait(epoll, &e, 1, 1000));
  say("no edge", epoll_wait(epoll, &e, 1, 0));
  write(pair[1], "c", 1);
  say("edge", epoll_wait(epoll, &e, 1, 1000));
  shutdown(pair[1], SHUT_WR);
  say("half closed", epoll_wait(epoll, &e, 1, 1000));
  printf("events %x\n", e.events);
}

int main(void) {
  tcp();
  unix_names();
  descriptors();
  datagrams();
  watched();
  signal(SIGPIPE, SIG_DFL);
  int pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  close(pair[1]);
  write(pair[0], "x", 1);
  puts("not reached");
  return 0;
}
