/* Types at pseudo-terminals, and prints what programs and the screen got of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int master, slave;
static char name[100];

static void say(const char *what, long result) {
  if (result == -1) {
    printf("%s: %s\n", what, strerror(errno));
  } else {
    printf("%s: %ld\n", what, result);
  }
}

static void show(const char *what, int file, ssize_t limit) {
  char bytes[9000];
  ssize_t count = read(file, bytes, limit);
  if (count < 0) {
    say(what, -1);
    return;
  }
  printf("%s: %zd \"", what, count);
  for (ssize_t i = 0; i < count; i++) {
    unsigned char c = bytes[i];
    if (c < ' ' || c > '~') {
      printf("\\%o", c);
    } else {
      putchar(c);
    }
  }
  printf("\"\n");
}

static void ready(const char *what) {
  struct pollfd both[2] = {{master, POLLIN | POLLOUT | POLLPRI, 0}, {slave, POLLIN | POLLOUT, 0}};
  poll(both, 2, 0);
  printf("%s: master %x slave %x\n", what, both[0].revents, both[1].revents);
}

/* Types, and gives the terminal a moment to take it: Linux has a thread for that. */
static void type(const char *text) {
  write(master, text, strlen(text));
  usleep(20000);
}

static void open_both(void) {
  master = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(master);
  unlockpt(master);
  ptsname_r(master, name, sizeof name);
  slave = open(name, O_RDWR | O_NOCTTY);
  fcntl(master, F_SETFL, O_NONBLOCK);
  fcntl(slave, F_SETFL, O_NONBLOCK);
}

static void close_both(void) {
  close(slave);
  close(master);
}

static void set(int input, int output, int local, int minimum, int time) {
  struct termios settings;
  tcgetattr(slave, &settings);
  settings.c_iflag = input;
  settings.c_oflag = output;
  settings.c_lflag = local;
  settings.c_cc[VMIN] = minimum;
  settings.c_cc[VTIME] = time;
  tcsetattr(slave, TCSANOW, &settings);
}

static void created(void) {
  master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  int number = -1, locked = -1, zero = 0;
  say("number", ioctl(master, TIOCGPTN, &number));
  say("locked", ioctl(master, TIOCGPTLCK, &locked));
  snprintf(name, sizeof name, "/dev/pts/%d", number);
  printf("locked %d opened %d: %s\n", locked, open(name, O_RDWR), strerror(errno));
  say("unlock", ioctl(master, TIOCSPTLCK, &zero));
  slave = open(name, O_RDWR | O_NOCTTY);
  struct stat status;
  fstat(slave, &status);
  printf("character device %d major %d minor right %d user %d\n", S_ISCHR(status.st_mode),
         major(status.st_rdev), minor(status.st_rdev) == (unsigned)number, status.st_uid);
  printf("terminal %d %d, same name %d\n", isatty(master), isatty(slave),
         strcmp(ttyname(slave), name) == 0);
  fstat(master, &status);
  printf("master %d %d\n", major(status.st_rdev), minor(status.st_rdev));
  say("number of the slave", ioctl(slave, TIOCGPTN, &number));
  struct termios settings;
  tcgetattr(slave, &settings);
  printf("settings %x %x %x %x speed %x %x\n", settings.c_iflag, settings.c_oflag, settings.c_cflag,
         settings.c_lflag, cfgetispeed(&settings), cfgetospeed(&settings));
  for (int i = 0; i < 17; i++) {
    printf(" %d", settings.c_cc[i]);
  }
  printf("\n");
  cfsetspeed(&settings, B115200);
  settings.c_cflag = (settings.c_cflag & ~CSIZE) | CS7 | PARENB;
  say("change", tcsetattr(slave, TCSANOW, &settings));
  tcgetattr(master, &settings);
  printf("control flags %x speed %x\n", settings.c_cflag, cfgetospeed(&settings));
  say("seek", lseek(master, 0, SEEK_SET));
  say("unknown request", ioctl(slave, 0x54ff, 0));
  say("discipline", ioctl(slave, TIOCGETD, &number));
  printf("%d\n", number);
  int peer = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  printf("peer %d close on exec %d\n", peer >= 0, fcntl(peer, F_GETFD));
  close(peer);
  close(slave);
  say("again", (slave = open(name, O_RDWR | O_NOCTTY)) >= 0);
  close_both();
  say("gone", open(name, O_RDWR));
}

static void lines(void) {
  open_both();
  ready("fresh");
  show("nothing typed", slave, 100);
  show("nothing shown", master, 100);
  type("abc");
  show("no line yet", slave, 100);
  show("echo", master, 100);
  ready("half a line");
  type("\x7f" "d\n");
  ready("line");
  int waiting;
  ioctl(slave, FIONREAD, &waiting);
  printf("waiting %d\n", waiting);
  show("line", slave, 100);
  show("echo", master, 100);
  type("one\ntwo\nthree");
  show("first", slave, 100);
  show("part", slave, 2);
  show("rest", slave, 100);
  show("none", slave, 100);
  type("\x04");
  show("ended without newline", slave, 100);
  type("\x04");
  show("end of input", slave, 100);
  type("abc\x04");
  show("just fits", slave, 3);
  show("nothing behind it", slave, 3);
  show("echoes", master, 1000);
  type("one two  three_3\x17\n");
  show("word erased", slave, 100);
  show("echo", master, 1000);
  type("all of it\x15new\n");
  show("line erased", slave, 100);
  show("echo", master, 1000);
  type("a\tb\t\x7f\x7f\x7f\x7f\x7f.\n");
  show("tabs erased", slave, 100);
  show("echo", master, 1000);
  type("x\x16\x03y\x01\x7f\x7f\n");
  show("literal", slave, 100);
  show("echo", master, 1000);
  type("again\x12\n");
  show("reprinted", slave, 100);
  show("echo", master, 1000);
  type("carriage return\r");
  show("is a newline", slave, 100);
  show("echo", master, 1000);
  set(ICRNL | IUTF8, OPOST | ONLCR, ICANON | ECHO | ECHOE, 1, 0);
  type("\xc3\xa4\xe2\x82\xac\x7f\n");
  show("one character erased", slave, 100);
  show("echo", master, 1000);
  set(IGNCR, OPOST, ICANON | ECHONL, 1, 0);
  type("no\r echo\n");
  show("line", slave, 100);
  show("newline", master, 100);
  set(INLCR | ISTRIP, OPOST | OCRNL, ICANON | ECHO | ECHOK, 1, 0);
  type("ab\x15" "c\xe4\r\n");
  show("none", slave, 100);
  show("echo", master, 100);
  set(0, 0, ICANON | ECHO | ECHOPRT | ECHOE | IEXTEN, 1, 0);
  type("abc\x7f\x7f" "d\n");
  show("line", slave, 100);
  show("printed", master, 100);
  char *lengthy = malloc(5001);
  memset(lengthy, 'x', 5000);
  lengthy[4999] = '\n';
  lengthy[5000] = 0;
  set(0, 0, ICANON, 1, 0);
  type(lengthy);
  char got[6000];
  ssize_t count = read(slave, got, sizeof got);
  printf("too long a line: %zd ends with %x\n", count, got[count - 1]);
  close_both();
}

static void output(void) {
  open_both();
  write(slave, "a\nb\tc\r", 6);
  show("processed", master, 100);
  set(0, OPOST | XTABS | ONLRET | OLCUC, 0, 1, 0);
  write(slave, "\na\tbc\t.", 7);
  show("spaces", master, 100);
  set(0, OPOST | ONOCR | OCRNL, 0, 1, 0);
  write(slave, "\r\ra\r", 4);
  show("line ends", master, 100);
  set(0, 0, 0, 1, 0);
  write(slave, "a\nb\tc\r", 6);
  show("as it is", master, 3);
  show("the rest", master, 100);
  char block[1000];
  memset(block, 'y', sizeof block);
  int wrote = 0;
  while (write(slave, block, sizeof block) > 0) {
    wrote++;
  }
  printf("full: %s, at least 4 blocks %d\n", strerror(errno), wrote >= 4);
  char got[30000];
  ssize_t read_now;
  while ((read_now = read(master, got, sizeof got)) > 0) {
    usleep(1000);
  }
  ready("empty");
  set(IXON, 0, ICANON | ECHO, 1, 0);
  type("\x13");
  say("stopped", write(slave, "z", 1));
  ready("stopped");
  type("e");
  show("nothing shown", master, 100);
  type("\x11");
  show("then the echo", master, 100);
  say("goes on", write(slave, "z", 1));
  show("shown", master, 100);
  say("stop", tcflow(slave, TCOOFF));
  say("stopped", write(slave, "z", 1));
  say("start", tcflow(slave, TCOON));
  say("goes on", write(slave, "z", 1));
  show("shown", master, 100);
  say("ask to stop", tcflow(slave, TCIOFF));
  say("ask to start", tcflow(slave, TCION));
  usleep(20000);
  show("asked", master, 100);
  say("no such flow", tcflow(slave, 7));
  type("typed");
  say("flush", tcflush(slave, TCIFLUSH));
  type("\n");
  show("flushed", slave, 100);
  say("no such flush", tcflush(slave, 7));
  say("drain", tcdrain(slave));
  say("break", tcsendbreak(slave, 0));
  close_both();
}

static void characters(void) {
  open_both();
  fcntl(slave, F_SETFL, 0);
  set(0, 0, 0, 0, 0);
  show("nothing", slave, 100);
  set(0, 0, 0, 3, 0);
  type("ab");
  ready("too few");
  if (fork() == 0) {
    usleep(30000);
    write(master, "cd", 2);
    _exit(0);
  }
  show("three or more", slave, 100);
  wait(NULL);
  type("abcde");
  show("no more than fit", slave, 2);
  fcntl(slave, F_SETFL, O_NONBLOCK);
  show("the rest", slave, 100);
  show("none", slave, 100);
  fcntl(slave, F_SETFL, 0);
  set(0, 0, 0, 0, 1);
  show("after a tenth", slave, 100);
  type("x");
  show("at once", slave, 100);
  set(0, 0, 0, 5, 1);
  type("xy");
  ready("with a time");
  show("a tenth after the last", slave, 100);
  set(0, 0, ICANON, 1, 0);
  type("line\npart");
  set(0, 0, 0, 1, 0);
  show("all of both", slave, 100);
  type("raw\nbytes");
  set(0, 0, ICANON, 1, 0);
  show("became lines", slave, 100);
  struct termios settings;
  tcgetattr(slave, &settings);
  type("forgotten\n");
  tcsetattr(slave, TCSAFLUSH, &settings);
  type("kept\n");
  show("flushed", slave, 100);
  close_both();
}

static void closed(void) {
  open_both();
  write(slave, "last", 4);
  close(slave);
  struct pollfd one = {master, POLLIN | POLLOUT, 0};
  poll(&one, 1, 0);
  printf("events %x\n", one.revents);
  show("what was written", master, 100);
  show("then", master, 100);
  slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK);
  show("opened again", master, 100);
  int other = dup(slave);
  close(slave);
  slave = other;
  ready("one is left");
  int epoll = epoll_create1(0);
  struct epoll_event event = {EPOLLIN, {.u32 = 7}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, slave, &event);
  say("not ready", epoll_wait(epoll, &event, 1, 0));
  type("line\n");
  say("ready", epoll_wait(epoll, &event, 1, 1000));
  printf("events %x\n", event.events);
  close(master);
  one.fd = slave;
  poll(&one, 1, 0);
  printf("events %x\n", one.revents);
  show("hung up", slave, 100);
  say("write", write(slave, "x", 1));
  struct termios settings;
  say("settings", tcgetattr(slave, &settings));
  say("group", tcsetpgrp(slave, getpgrp()));
  say("no terminal any more", open(name, O_RDWR));
  close(slave);
}

/* What the master sees of it, a moment later. */
static void seen(const char *what) {
  usleep(20000);
  ready(what);
  int waiting = -1;
  ioctl(master, FIONREAD, &waiting);
  printf("waiting %d\n", waiting);
  show(what, master, 100);
}

static void packet_mode(const char *what, int file, int on) {
  say(what, ioctl(file, TIOCPKT, &on));
  on = -7;
  say("is on", ioctl(file, TIOCGPKT, &on));
  printf("%d\n", on);
}

static void packets(void) {
  struct termios usual, settings;
  open_both();
  tcgetattr(slave, &usual);
  packet_mode("of the slave", slave, 1);
  say("bad address", ioctl(master, TIOCPKT, (void *)16));
  say("bad address", ioctl(master, TIOCGPKT, (void *)16));
  packet_mode("off", master, 0);
  write(slave, "early", 5);
  packet_mode("on", master, 1);
  seen("written before");
  seen("nothing");
  write(slave, "hello", 5);
  usleep(20000);
  show("room for the status alone", master, 1);
  show("room for two", master, 3);
  seen("rest");
  show("no room", master, 0);
  tcflush(slave, TCIFLUSH);
  seen("input flushed");
  seen("nothing");
  tcflush(slave, TCOFLUSH);
  seen("output flushed");
  tcflush(slave, TCIOFLUSH);
  seen("both flushed");
  write(slave, "x", 1);
  tcflush(slave, TCIFLUSH);
  seen("before what was written");
  seen("what was written");
  tcflow(slave, TCOOFF);
  seen("stopped");
  tcflow(slave, TCOON);
  seen("started");
  tcflow(slave, TCOOFF);
  tcflow(slave, TCOON);
  seen("stopped and started");
  tcflow(slave, TCOON);
  seen("was not stopped");
  tcflow(slave, TCOOFF);
  seen("stopped");
  tcflow(slave, TCOOFF);
  seen("is stopped already");
  say("writes", write(slave, "zz", 2));
  type("\x11");
  seen("typing does not start it");
  tcflow(slave, TCIOFF);
  seen("nor is anything sent");
  tcflow(slave, TCOON);
  seen("but the program does");
  type("\x13");
  seen("stopped by typing");
  tcflow(slave, TCOON);
  seen("the program had not stopped it");
  tcflow(slave, TCION);
  seen("sent although stopped");
  seen("behind it");
  tcflow(slave, TCOOFF);
  tcflow(slave, TCOON);
  seen("started by the program");
  tcflow(slave, TCIOFF);
  seen("asked to stop");
  tcflow(slave, TCION);
  seen("asked to start");
  type("a\x13" "b");
  seen("stopped between");
  seen("echoes wait");
  type("\x11");
  seen("started");
  seen("echoes");
  set(0, OPOST, ICANON | ECHO, 1, 0);
  seen("no flow control");
  set(0, OPOST, ICANON, 1, 0);
  seen("still none");
  tcsetattr(slave, TCSANOW, &usual);
  seen("flow control");
  settings = usual;
  settings.c_cc[VSTOP] = 's';
  tcsetattr(slave, TCSANOW, &settings);
  seen("by other characters");
  settings.c_cc[VSTART] = 'q';
  tcsetattr(slave, TCSANOW, &settings);
  seen("by others again");
  tcsetattr(master, TCSANOW, &usual);
  seen("by the usual ones");
  tcsetattr(slave, TCSANOW, &usual);
  seen("no change");
  tcsetattr(slave, TCSAFLUSH, &usual);
  seen("flushing change");
  tcsetattr(master, TCSAFLUSH, &usual);
  seen("flushing change by the master");
  tcflush(master, TCIOFLUSH);
  seen("flushed by the master");
  type("abc\x03");
  seen("interrupted");
  seen("echo");
  type("abc\x13\x1c");
  seen("stopped and quit");
  seen("echo");
  tcflow(slave, TCOOFF);
  packet_mode("off", master, 0);
  seen("nothing is told");
  packet_mode("on", master, 1);
  seen("nor later");
  tcflow(slave, TCOON);
  seen("started");
  tcflush(slave, TCIFLUSH);
  packet_mode("on again", master, 5);
  seen("is told");
  settings = usual;
  settings.c_lflag |= EXTPROC;
  tcsetattr(slave, TCSANOW, &settings);
  seen("edited by the master");
  type("ab\x7f\x03" "c\n\r\x04");
  seen("not echoed");
  show("not edited", slave, 100);
  settings.c_lflag &= ~ICANON;
  tcsetattr(slave, TCSANOW, &settings);
  seen("no lines");
  tcsetattr(slave, TCSANOW, &usual);
  seen("as usual");
  type("line\n");
  show("edited", slave, 100);
  seen("echoed");
  tcflush(slave, TCIFLUSH);
  write(slave, "last", 4);
  close(slave);
  slave = -1;
  seen("told when closed");
  seen("written");
  seen("closed");
  close(master);
}

static void typing_stopped(void) {
  open_both();
  say("stop", tcflow(master, TCOOFF));
  seen("stopped");
  say("programs write", write(slave, "x", 1));
  seen("that is seen");
  say("type", write(master, "t\n", 2));
  say("ask to stop", tcflow(master, TCIOFF));
  say("programs write", write(slave, "x", 1));
  seen("was not asked");
  say("start", tcflow(master, TCOON));
  seen("started");
  show("nothing was typed", slave, 100);
  say("ask to stop", tcflow(master, TCIOFF));
  usleep(20000);
  say("programs stop", write(slave, "x", 1));
  say("ask to start", tcflow(master, TCION));
  usleep(20000);
  say("programs go on", write(slave, "x", 1));
  show("they do not see it", slave, 100);
  say("no such flow", tcflow(master, 4));
  say("no such flow", tcflow(slave, -1));
  close_both();
}

static void exclusive_for(const char *what, int file) {
  int on = -7;
  say(what, ioctl(file, TIOCGEXCL, &on));
  printf("exclusive %d\n", on);
}

/* As a user without rights, if there is another one. */
static void opened_by_another(const char *what) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setresuid(1000, 1000, 1000);
    say(what, open(name, O_RDWR | O_NOCTTY) >= 0 ? 0 : -1);
    say("peer", ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY) >= 0 ? 0 : -1);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void exclusive(void) {
  open_both();
  chmod(name, 0666);
  exclusive_for("slave", slave);
  exclusive_for("master", master);
  say("bad address", ioctl(slave, TIOCGEXCL, (void *)16));
  opened_by_another("open");
  say("exclusive", ioctl(slave, TIOCEXCL));
  exclusive_for("slave", slave);
  exclusive_for("master", master);
  opened_by_another("refused");
  int other = open(name, O_RDWR | O_NOCTTY);
  say("again", other >= 0 || (errno == EBUSY && getuid() != 0));
  close(other);
  close(slave);
  slave = open(name, O_RDWR | O_NOCTTY);
  if (slave >= 0) {
    exclusive_for("after a close", slave);
    say("for all", ioctl(slave, TIOCNXCL));
  }
  say("exclusive master", ioctl(master, TIOCEXCL));
  exclusive_for("slave", slave);
  exclusive_for("master", master);
  opened_by_another("open");
  say("for all", ioctl(master, TIOCNXCL));
  exclusive_for("master", master);
  close(master);
  say("hung up", ioctl(slave, TIOCEXCL));
  close(slave);
}

static volatile int hung_up, continued, interrupted;

static void counted(int signal) {
  if (signal == SIGHUP) {
    hung_up++;
  } else if (signal == SIGCONT) {
    continued++;
  } else {
    interrupted++;
  }
}

static void window(void) {
  open_both();
  struct winsize size;
  ioctl(slave, TIOCGWINSZ, &size);
  printf("%d %d\n", size.ws_row, size.ws_col);
  signal(SIGWINCH, counted);
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGWINCH);
  sigprocmask(SIG_BLOCK, &set, &old);
  say("own terminal", ioctl(slave, TIOCSCTTY, 0));
  struct winsize changed = {24, 80, 3, 4};
  say("resize", ioctl(master, TIOCSWINSZ, &changed));
  printf("signal %d\n", sigtimedwait(&set, NULL, &(struct timespec){0, 0}));
  ioctl(slave, TIOCGWINSZ, &size);
  printf("%d %d %d %d\n", size.ws_row, size.ws_col, size.ws_xpixel, size.ws_ypixel);
  say("same size", ioctl(slave, TIOCSWINSZ, &changed));
  say("no signal", sigtimedwait(&set, NULL, &(struct timespec){0, 0}));
  sigprocmask(SIG_SETMASK, &old, NULL);
}

static void shown_by_proc(const char *what) {
  char text[1000] = "";
  int file = open("/proc/self/stat", O_RDONLY);
  read(file, text, sizeof text - 1);
  close(file);
  int group, session, terminal, foreground;
  sscanf(strrchr(text, ')'), ") %*c %*d %d %d %d %d", &group, &session, &terminal, &foreground);
  printf("%s: terminal %d foreground %d\n", what, terminal != 0,
         foreground == -1 ? -1 : foreground == group);
}

/* In a session of its own. */
static void sessions(void) {
  setsid();
  open_both();
  shown_by_proc("none");
  say("no terminal", open("/dev/tty", O_RDWR));
  say("not mine", tcgetpgrp(slave));
  say("no session", tcgetsid(slave));
  pid_t of_master = -1;
  say("through the master", ioctl(master, TIOCGPGRP, &of_master));
  printf("%d\n", of_master);
  say("give up", ioctl(slave, TIOCNOTTY));
  say("set group", tcsetpgrp(slave, getpgrp()));
  close(slave);
  slave = open(name, O_RDWR | O_NONBLOCK);
  shown_by_proc("opened");
  printf("group %d session %d\n", tcgetpgrp(slave) == getpgrp(), tcgetsid(slave) == getsid(0));
  ioctl(master, TIOCGPGRP, &of_master);
  printf("through the master %d\n", of_master == getpgrp());
  int own = open("/dev/tty", O_RDWR);
  printf("own terminal %d named %s\n", own >= 0, ttyname(own));
  write(own, "hello", 5);
  show("hello", master, 100);
  close(own);
  say("again", ioctl(slave, TIOCSCTTY, 0));
  say("no such group", tcsetpgrp(slave, 1 << 22));
  say("bad group", tcsetpgrp(slave, -5));
  say("another session's", tcsetpgrp(slave, getpgid(getppid())));
  int second = posix_openpt(O_RDWR | O_NOCTTY);
  unlockpt(second);
  int other = open(ptsname(second), O_RDWR);
  say("one is enough", ioctl(other, TIOCSCTTY, 0));
  say("not the own", tcgetpgrp(other));
  close(other);
  close(second);

  signal(SIGINT, counted);
  type("abc\x03");
  printf("interrupted %d\n", interrupted);
  show("echo", master, 100);
  type("\n");
  show("flushed", slave, 100);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  type("\x03");
  siginfo_t info;
  sigtimedwait(&set, &info, &(struct timespec){5, 0});
  printf("signal %d code %d\n", info.si_signo, info.si_code);
  say("by the master", ioctl(master, TIOCSIG, SIGINT));
  printf("signal %d\n", sigtimedwait(&set, NULL, &(struct timespec){5, 0}));
  say("no such signal", ioctl(master, TIOCSIG, 100));
  sigprocmask(SIG_UNBLOCK, &set, NULL);

  pid_t child = fork();
  if (child == 0) {
    setsid();
    shown_by_proc("session of a child");
    say("taken", ioctl(slave, TIOCSCTTY, 0));
    signal(SIGHUP, SIG_IGN);
    say("stolen", ioctl(slave, TIOCSCTTY, 1));
    shown_by_proc("stolen");
    _exit(0);
  }
  waitpid(child, NULL, 0);
  shown_by_proc("robbed");
  say("taken back", ioctl(slave, TIOCSCTTY, 0));
  child = fork();
  if (child == 0) {
    shown_by_proc("inherited");
    say("left", ioctl(slave, TIOCNOTTY));
    shown_by_proc("left");
    say("not a leader", ioctl(slave, TIOCSCTTY, 0));
    _exit(0);
  }
  waitpid(child, NULL, 0);
  signal(SIGHUP, counted);
  signal(SIGCONT, counted);
  say("give up", ioctl(slave, TIOCNOTTY));
  printf("hung up %d continued %d\n", hung_up, continued);
  shown_by_proc("given up");
  window();
  hung_up = continued = 0;
  close(master);
  printf("hung up %d continued %d\n", hung_up, continued);
  shown_by_proc("hung up");
  exit(0);
}

static void report(pid_t child, const char *what) {
  int status;
  waitpid(child, &status, WUNTRACED | WCONTINUED);
  printf("%s: ", what);
  if (WIFSTOPPED(status)) {
    printf("stopped by %d\n", WSTOPSIG(status));
  } else if (WIFCONTINUED(status)) {
    printf("continued\n");
  } else if (WIFSIGNALED(status)) {
    printf("killed by %d\n", WTERMSIG(status));
  } else {
    printf("exit %d\n", WEXITSTATUS(status));
  }
}

static void to_foreground(pid_t group) {
  sigset_t set, old;
  sigemptyset(&set);
  sigaddset(&set, SIGTTOU);
  sigprocmask(SIG_BLOCK, &set, &old);
  say("foreground", tcsetpgrp(slave, group));
  sigprocmask(SIG_SETMASK, &old, NULL);
}

/* In a session of its own, as a shell does it. */
static void jobs(void) {
  setsid();
  open_both();
  fcntl(slave, F_SETFL, 0);
  ioctl(slave, TIOCSCTTY, 0);
  int ends[2];
  char byte;
  pipe(ends);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    show("a job reads", slave, 100);
    say("changes settings", tcflow(slave, TCOON));
    write(slave, "x", 1);
    struct termios settings;
    tcgetattr(slave, &settings);
    settings.c_lflag |= TOSTOP;
    tcsetattr(slave, TCSANOW, &settings);
    raise(SIGSTOP);
    read(ends[0], &byte, 1);
    write(slave, "y", 1);
    pause();
  }
  setpgid(child, child);
  report(child, "reads in the background");
  to_foreground(child);
  kill(-child, SIGCONT);
  report(child, "told");
  /* Only now: a job that stops again would take the notice of its going on back. */
  write(master, "input\n", 6);
  report(child, "has read and stops");
  to_foreground(getpgrp());
  kill(-child, SIGCONT);
  report(child, "goes on");
  write(ends[1], "x", 1);
  report(child, "writes in the background");
  to_foreground(child);
  kill(-child, SIGCONT);
  report(child, "goes on");
  usleep(20000);
  write(master, "\x1a", 1);
  report(child, "typed to stop");
  kill(-child, SIGCONT);
  report(child, "goes on");
  write(master, "\x1c", 1);
  waitpid(child, &(int){0}, 0);
  to_foreground(getpgrp());

  child = fork();
  if (child == 0) {
    setpgid(0, 0);
    signal(SIGTTIN, SIG_IGN);
    show("who ignores that", slave, 100);
    signal(SIGTTOU, SIG_IGN);
    say("may write", write(slave, "x", 1));
    _exit(0);
  }
  setpgid(child, child);
  report(child, "ends");

  close(ends[0]);
  close(ends[1]);
  pipe(ends);
  child = fork();
  if (child == 0) {
    close(ends[0]);
    setpgid(0, 0);
    pid_t parent = getpid();
    if (fork() == 0) {
      setpgid(0, 0);
      while (getppid() == parent) {
        usleep(1000);
      }
      int failed = read(slave, &byte, 1);
      byte = failed < 0 ? errno : 0;
      write(ends[1], &byte, 1);
      raise(SIGTSTP);
      write(ends[1], "n", 1);
      _exit(0);
    }
    _exit(0);
  }
  close(ends[1]);
  waitpid(child, NULL, 0);
  read(ends[0], &byte, 1);
  printf("an orphan reads: %s\n", strerror(byte));
  printf("and does not stop: %zd\n", read(ends[0], &byte, 1));

  pipe(ends);
  child = fork();
  if (child == 0) {
    close(ends[0]);
    pid_t grandchild = fork();
    if (grandchild == 0) {
      setpgid(0, 0);
      signal(SIGHUP, SIG_DFL);
      raise(SIGSTOP);
      pause();
    }
    setpgid(grandchild, grandchild);
    int status;
    waitpid(grandchild, &status, WUNTRACED);
    _exit(WIFSTOPPED(status));
  }
  close(ends[1]);
  int status;
  waitpid(child, &status, 0);
  printf("stopped %d\n", WEXITSTATUS(status));
  printf("and gone once orphaned %zd\n", read(ends[0], &byte, 1));
  exit(0);
}

/* The leader of a session ends. */
static void leader_ends(void) {
  int ends[2];
  char byte;
  pipe(ends);
  open_both();
  pid_t leader = fork();
  if (leader == 0) {
    setsid();
    ioctl(slave, TIOCSCTTY, 0);
    int waiting[2];
    pipe(waiting);
    if (fork() == 0) {
      sigset_t set;
      sigemptyset(&set);
      sigaddset(&set, SIGHUP);
      sigprocmask(SIG_BLOCK, &set, NULL);
      write(waiting[1], "x", 1);
      byte = sigtimedwait(&set, NULL, &(struct timespec){5, 0});
      write(ends[1], &byte, 1);
      byte = open("/dev/tty", O_RDWR) < 0 ? errno : 0;
      write(ends[1], &byte, 1);
      _exit(0);
    }
    read(waiting[0], &byte, 1);
    _exit(0);
  }
  waitpid(leader, NULL, 0);
  read(ends[0], &byte, 1);
  printf("the foreground got %d\n", byte);
  read(ends[0], &byte, 1);
  printf("and has: %s\n", strerror(byte));
  say("still there", write(slave, "x", 1));
  close_both();
}

static void in_child(void (*act)(void)) {
  pid_t child = fork();
  if (child == 0) {
    act();
    exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status %x\n", status);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  created();
  lines();
  output();
  characters();
  closed();
  packets();
  typing_stopped();
  exclusive();
  in_child(sessions);
  in_child(jobs);
  in_child(leader_ends);
  return 0;
}
