/* Creates, joins and cancels threads that share memory through mutexes, conditions and atomics. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 8
#define ROUNDS 20000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t semaphore;
static long total, destroyed;
static atomic_long counted;
static int turn;
static __thread long own;
static volatile int signalled;

static void destroy(void *value) { destroyed += (long)value; }

static void *work(void *argument) {
  pthread_setspecific(key, (void *)1);
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&mutex);
    total++;
    own++;
    pthread_mutex_unlock(&mutex);
    atomic_fetch_add(&counted, 2);
  }
  return (void *)own;
}

static void *alternate(void *argument) {
  int mine = (int)(long)argument;
  for (int i = 0; i < 2000; i++) {
    pthread_mutex_lock(&mutex);
    while (turn != mine) {
      pthread_cond_wait(&condition, &mutex);
    }
    turn = !mine;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static void *sleep_long(void *argument) {
  sem_post(&semaphore);
  sleep(100);
  return NULL;
}

static void *spin(void *argument) {
  sem_post(&semaphore);
  while (!signalled) {
  }
  return NULL;
}

static void on_signal(int signal) { signalled = 1; }

static void *nothing(void *argument) { return argument; }

static long own_milliseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void *use_time(void *argument) {
  while (own_milliseconds() < 60) {
  }
  return NULL;
}

static void *own_time(void *argument) { return (void *)own_milliseconds(); }

static void *pin(void *argument) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(0, &one);
  return (void *)(long)sched_setaffinity(0, sizeof one, &one);
}

static void *processors(void *argument) {
  cpu_set_t set;
  sched_getaffinity(0, sizeof set, &set);
  return (void *)(long)CPU_COUNT(&set);
}

/* What one thread has used, and where it may run, is nothing to the next. */
static void follow_another(pthread_t *thread) {
  void *result;
  pthread_create(thread, NULL, use_time, NULL);
  pthread_join(*thread, NULL);
  pthread_create(thread, NULL, own_time, NULL);
  pthread_join(*thread, &result);
  printf("a new thread has used no time %d\n", (long)result < 30);
  pthread_create(thread, NULL, pin, NULL);
  pthread_join(*thread, &result);
  printf("pinned %ld\n", (long)result);
  pthread_create(thread, NULL, processors, NULL);
  pthread_join(*thread, &result);
  printf("a new thread runs where its maker does %d\n", result == processors(NULL));
}

int main(void) {
  pthread_t threads[WORKERS];
  void *result;
  long sum = 0;
  pthread_barrier_init(&barrier, NULL, WORKERS);
  pthread_key_create(&key, destroy);
  sem_init(&semaphore, 0, 0);
  for (int i = 0; i < WORKERS; i++) {
    pthread_create(&threads[i], NULL, work, NULL);
  }
  for (int i = 0; i < WORKERS; i++) {
    pthread_join(threads[i], &result);
    sum += (long)result;
  }
  printf("total %ld sum %ld counted %ld destroyed %ld\n", total, sum, (long)counted, destroyed);
  pthread_create(&threads[0], NULL, alternate, (void *)0);
  pthread_create(&threads[1], NULL, alternate, (void *)1);
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
  puts("alternated");
  pthread_create(&threads[0], NULL, sleep_long, NULL);
  sem_wait(&semaphore);
  pthread_cancel(threads[0]);
  pthread_join(threads[0], &result);
  printf("cancelled %d\n", result == PTHREAD_CANCELED);
  signal(SIGUSR1, on_signal);
  pthread_create(&threads[0], NULL, spin, NULL);
  sem_wait(&semaphore);
  pthread_kill(threads[0], SIGUSR1);
  pthread_join(threads[0], NULL);
  puts("a spinning thread took a signal");
  for (long i = 0; i < 300; i++) {
    pthread_create(&threads[0], NULL, nothing, (void *)i);
    pthread_join(threads[0], &result);
    sum += (long)result;
  }
  printf("sum %ld\n", sum);
  follow_another(&threads[0]);
  pthread_create(&threads[0], NULL, sleep_long, NULL);
  sem_wait(&semaphore);
  return 3;
}
