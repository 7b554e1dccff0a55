/* Microseconds per operation on processes and threads: one line each, name and figure. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void require(int holds, const char *what) {
  if (!holds) {
    perror(what);
    exit(1);
  }
}

static int ascending(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* ---- fork, exit and wait: the median, with so many megabytes touched once */

enum { FORKS = 31 };

static void measure_fork(int megabytes) {
  size_t length = (size_t)megabytes << 20;
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  require(memory != MAP_FAILED, "mmap");
  memset(memory, 1, length);
  double times[FORKS];
  for (int i = 0; i < FORKS; i++) {
    double start = now();
    pid_t child = fork();
    if (child == 0) _exit(7);
    int status;
    require(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7, "fork");
    times[i] = now() - start;
    memory[(size_t)i * 4096] = 2; /* a parent goes on writing */
  }
  munmap(memory, length);
  qsort(times, FORKS, sizeof times[0], ascending);
  printf("fork-exit-wait-%d-MB %.2f\n", megabytes, times[FORKS / 2]);
}

/* ---- threads */

static void *nothing(void *argument) { return argument; }

static void measure_threads(void) {
  enum { ROUNDS = 5, THREADS = 1000 };
  double best = 1e18;
  for (int round = 0; round < ROUNDS; round++) {
    double start = now();
    for (int i = 0; i < THREADS; i++) {
      pthread_t thread;
      require(pthread_create(&thread, NULL, nothing, NULL) == 0, "pthread_create");
      pthread_join(thread, NULL);
    }
    double each = (now() - start) / THREADS;
    if (each < best) best = each;
  }
  printf("thread-create-join %.2f\n", best);
}

/* ---- round trips of one byte: the best of some rounds, between threads or processes */

enum { TRIPS = 10000, TRIP_ROUNDS = 5 };

struct line {
  int to, from; /* of the side that starts */
  int peer_to, peer_from;
};

static void *echo(void *argument) {
  struct line *line = argument;
  char byte;
  for (int i = 0; i < TRIPS * TRIP_ROUNDS; i++) {
    require(read(line->peer_from, &byte, 1) == 1, "read");
    require(write(line->peer_to, &byte, 1) == 1, "write");
  }
  return NULL;
}

static void measure_trips(const char *name, struct line line, int processes) {
  pthread_t thread;
  pid_t child = 0;
  if (processes) {
    child = fork();
    if (child == 0) {
      echo(&line);
      _exit(0);
    }
  } else {
    require(pthread_create(&thread, NULL, echo, &line) == 0, "pthread_create");
  }
  double best = 1e18;
  char byte = 1;
  for (int round = 0; round < TRIP_ROUNDS; round++) {
    double start = now();
    for (int i = 0; i < TRIPS; i++) {
      require(write(line.to, &byte, 1) == 1, "write");
      require(read(line.from, &byte, 1) == 1, "read");
    }
    double each = (now() - start) / TRIPS;
    if (each < best) best = each;
  }
  if (processes) {
    waitpid(child, NULL, 0);
  } else {
    pthread_join(thread, NULL);
  }
  printf("%s-%s %.2f\n", name, processes ? "processes" : "threads", best);
}

static void measure_all_trips(void) {
  for (int processes = 0; processes < 2; processes++) {
    int there[2], back[2], pair[2];
    require(pipe(there) == 0 && pipe(back) == 0, "pipe");
    measure_trips("pipe-round-trip", (struct line){there[1], back[0], back[1], there[0]}, processes);
    require(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
    measure_trips("unix-round-trip", (struct line){pair[0], pair[0], pair[1], pair[1]}, processes);
  }
}

/* ---- signals into a loop that makes no system call: median and worst delay */

enum { SIGNALS = 200, PERIOD_NANOS = 2000000 };

static volatile double sent, delays[SIGNALS];
static volatile int arrived;
static volatile unsigned long counter;

static void arrive(int signal) {
  (void)signal;
  delays[arrived] = now() - sent;
  arrived++;
}

static void report_delays(const char *name) {
  double sorted[SIGNALS];
  for (int i = 0; i < SIGNALS; i++) sorted[i] = delays[i];
  qsort(sorted, SIGNALS, sizeof sorted[0], ascending);
  printf("%s-median %.2f\n", name, sorted[SIGNALS / 2]);
  printf("%s-worst %.2f\n", name, sorted[SIGNALS - 1]);
}

static void loop_until_arrived(int count) {
  while (arrived < count) counter++;
}

static void *kill_looper(void *argument) {
  pthread_t looper = *(pthread_t *)argument;
  struct timespec pause = {0, PERIOD_NANOS};
  for (int i = 0; i < SIGNALS; i++) {
    nanosleep(&pause, NULL);
    sent = now();
    pthread_kill(looper, SIGUSR1);
    while (arrived <= i) nanosleep(&pause, NULL);
  }
  return NULL;
}

static void measure_kill(void) {
  arrived = 0;
  pthread_t looper = pthread_self(), sender;
  require(pthread_create(&sender, NULL, kill_looper, &looper) == 0, "pthread_create");
  loop_until_arrived(SIGNALS);
  pthread_join(sender, NULL);
  report_delays("kill-into-loop");
}

static void measure_timer(void) {
  arrived = 0;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  timer_t timer;
  require(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
  for (int i = 0; i < SIGNALS; i++) {
    struct itimerspec when = {.it_value = {0, PERIOD_NANOS}};
    sent = now() + PERIOD_NANOS / 1e3;
    require(timer_settime(timer, 0, &when, NULL) == 0, "timer_settime");
    loop_until_arrived(i + 1);
  }
  timer_delete(timer);
  report_delays("timer-into-loop");
}

/* ---- four threads that compute: milliseconds of wall time */

static void *compute(void *argument) {
  unsigned long state = (unsigned long)argument + 1;
  for (long i = 0; i < 100000000; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
  }
  return (void *)state;
}

static void measure_computing(void) {
  pthread_t threads[4];
  double start = now();
  for (long i = 0; i < 4; i++) pthread_create(&threads[i], NULL, compute, (void *)i);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  printf("compute-4-threads %.2f\n", now() - start);
}

int main(void) {
  struct sigaction action = {.sa_handler = arrive};
  sigaction(SIGUSR1, &action, NULL);
  measure_fork(1);
  measure_fork(100);
  measure_fork(500);
  measure_threads();
  measure_all_trips();
  measure_kill();
  measure_timer();
  measure_computing();
  return 0;
}
