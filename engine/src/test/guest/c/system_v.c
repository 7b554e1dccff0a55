/* Uses System V shared memory, semaphores and message queues, and prints what each call answered. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

union semun {
  int val;
  struct semid_ds *buf;
  unsigned short *array;
};

static key_t base;

static void say(const char *what, long result) {
  if (result == -1) {
    printf("%s: %s\n", what, strerror(errno));
  } else {
    printf("%s: %ld\n", what, result);
  }
}

/* Ids and addresses differ: only whether there is one. */
static void got(const char *what, long result) { say(what, result == -1 ? -1 : 0); }

static int ended(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void on_alarm(int signal) {}

static void segment_status(const char *what, int id) {
  struct shmid_ds info;
  if (shmctl(id, IPC_STAT, &info) != 0) {
    say(what, -1);
    return;
  }
  printf("%s: size %zu mode %o attached %lu creator %d last %d times %d%d%d key %d\n", what,
         info.shm_segsz, info.shm_perm.mode, info.shm_nattch, info.shm_cpid == getpid(),
         info.shm_lpid == getpid(), info.shm_atime != 0, info.shm_dtime != 0, info.shm_ctime != 0,
         info.shm_perm.__key == base);
}

static void listed(const char *file, int id) {
  char line[400];
  FILE *list = fopen(file, "r");
  int found = 0;
  while (list && fgets(line, sizeof line, list)) {
    int key, other;
    if (sscanf(line, "%d %d", &key, &other) == 2) {
      found += other == id;
    } else {
      printf("%s", line);
    }
  }
  printf("listed %d\n", found);
  if (list) {
    fclose(list);
  }
}

static void segments(void) {
  say("none", shmget(base, 4096, 0600));
  say("no size", shmget(base, 0, IPC_CREAT | 0600));
  int id = shmget(base, 5000, IPC_CREAT | IPC_EXCL | 0640);
  got("made", id);
  say("exclusive", shmget(base, 5000, IPC_CREAT | IPC_EXCL | 0640));
  printf("again %d smaller %d\n", shmget(base, 5000, 0600) == id, shmget(base, 0, 0) == id);
  say("larger", shmget(base, 5001, 0));
  segment_status("new", id);
  char *one = shmat(id, NULL, 0);
  got("attached", (long)one);
  segment_status("once", id);
  strcpy(one + 4990, "text");
  char *two = shmat(id, NULL, SHM_RDONLY);
  printf("other place %d same text %s and %d\n", one != two, two + 4990, one[5000]);
  say("protect", mprotect(two, 4096, PROT_READ | PROT_WRITE));
  say("odd address", (long)shmat(id, one + 1, 0));
  say("taken address", (long)shmat(id, one, 0));
  say("replace nothing", (long)shmat(id, NULL, SHM_REMAP));
  printf("replaced %d\n", shmat(id, one + 123, SHM_REMAP | SHM_RND) == one);
  segment_status("twice", id);
  say("bad id", (long)shmat(-1, NULL, 0));
  pid_t child = fork();
  if (child == 0) {
    struct shmid_ds info;
    strcpy(one, "from the child");
    shmctl(id, IPC_STAT, &info);
    printf("in the child %lu\n", info.shm_nattch);
    fflush(stdout);
    say("child detaches", shmdt(two));
    fflush(stdout);
    _exit(3);
  }
  printf("child %d says %s\n", ended(child), one);
  struct shmid_ds info;
  shmctl(id, IPC_STAT, &info);
  printf("attached %lu\n", info.shm_nattch);
  say("part", munmap(one, 4096));
  shmctl(id, IPC_STAT, &info);
  printf("attached in part %lu\n", info.shm_nattch);
  say("detach", shmdt(one));
  say("detach again", shmdt(one));
  say("detach odd", shmdt(two + 1));
  info.shm_perm.mode = 0600;
  say("set", shmctl(id, IPC_SET, &info));
  listed("/proc/sysvipc/shm", id);
  say("remove", shmctl(id, IPC_RMID, NULL));
  say("by key", shmget(base, 0, 0));
  shmctl(id, IPC_STAT, &info);
  printf("mode %o key %d attached %lu\n", info.shm_perm.mode, info.shm_perm.__key, info.shm_nattch);
  char *late = shmat(id, NULL, 0);
  printf("still there: %s\n", late + 4990);
  say("last but one", shmdt(late));
  say("last", shmdt(two));
  say("gone", (long)shmat(id, NULL, 0));
  say("stat of gone", shmctl(id, IPC_STAT, &info));
  say("remove again", shmctl(id, IPC_RMID, NULL));
  say("bad command", shmctl(id, 99, NULL));
  id = shmget(IPC_PRIVATE, 1 << 20, 0600);
  one = shmat(id, NULL, 0);
  say("lock", shmctl(id, SHM_LOCK, NULL));
  say("unlock", shmctl(id, SHM_UNLOCK, NULL));
  say("stat nowhere", shmctl(id, IPC_STAT, (void *)8));
  shmctl(id, IPC_RMID, NULL);
  child = fork();
  if (child == 0) {
    execl("/bin/true", "true", (char *)NULL);
  }
  printf("exec %d\n", ended(child));
  shmctl(id, IPC_STAT, &info);
  printf("before the end: attached %lu\n", info.shm_nattch);
  say("detach", shmdt(one));
  segment_status("after the end", id);
}

static int operate(int id, int number, int change, int flags) {
  struct sembuf operation = {number, change, flags};
  return semop(id, &operation, 1);
}

static int wait_for(int id, int number, int command, int wanted) {
  for (int i = 0; i < 2000; i++) {
    if (semctl(id, number, command) == wanted) {
      return wanted;
    }
    usleep(1000);
  }
  return -2;
}

static void values(int id) {
  unsigned short all[3];
  semctl(id, 0, GETALL, (union semun){.array = all});
  printf("values %d %d %d\n", all[0], all[1], all[2]);
}

static void semaphores(void) {
  say("none", semget(base, 3, 0600));
  say("no count", semget(base, 0, IPC_CREAT | 0600));
  say("negative", semget(base, -1, IPC_CREAT | 0600));
  say("too many", semget(base, 40000, IPC_CREAT | 0600));
  int id = semget(base, 3, IPC_CREAT | 0600);
  got("made", id);
  say("exclusive", semget(base, 3, IPC_CREAT | IPC_EXCL | 0600));
  printf("again %d\n", semget(base, 2, 0) == id);
  say("more", semget(base, 4, 0));
  values(id);
  say("set", semctl(id, 1, SETVAL, (union semun){.val = 5}));
  say("set too much", semctl(id, 1, SETVAL, (union semun){.val = 32768}));
  say("set negative", semctl(id, 1, SETVAL, (union semun){.val = -1}));
  say("set nowhere", semctl(id, 3, SETVAL, (union semun){.val = 1}));
  say("get", semctl(id, 1, GETVAL));
  say("get nowhere", semctl(id, -1, GETVAL));
  say("bad id", semctl(-1, 0, GETVAL));
  say("bad command", semctl(id, 0, 77));
  printf("pid %d %d\n", semctl(id, 0, GETPID), semctl(id, 1, GETPID) == getpid());
  say("up", operate(id, 0, 2, 0));
  say("down", operate(id, 0, -1, 0));
  say("down too far", operate(id, 0, -2, IPC_NOWAIT));
  say("zero", operate(id, 0, 0, IPC_NOWAIT));
  say("zero at once", operate(id, 2, 0, 0));
  say("up too far", operate(id, 0, 32767, 0));
  say("no such", operate(id, 3, 1, 0));
  struct sembuf many[3] = {{0, -1, 0}, {1, -6, IPC_NOWAIT}, {2, 1, 0}};
  say("all or none", semop(id, many, 3));
  values(id);
  many[1].sem_op = -5;
  say("all", semop(id, many, 3));
  values(id);
  say("no operations", semop(id, many, 0));
  say("many operations", semop(id, many, 501));
  say("nowhere", semop(id, (void *)8, 1));
  struct timespec soon = {0, 10000000}, wrong = {0, -1};
  many[0] = (struct sembuf){0, -1, 0};
  say("timeout", semtimedop(id, many, 1, &soon));
  say("wrong timeout", semtimedop(id, many, 1, &wrong));
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  ualarm(20000, 0);
  say("interrupted", semop(id, many, 1));

  pid_t child = fork();
  if (child == 0) {
    struct sembuf both[2] = {{0, -1, 0}, {1, -2, 0}};
    _exit(semop(id, both, 2) == 0 ? 4 : errno);
  }
  say("waits", wait_for(id, 0, GETNCNT, 1));
  operate(id, 0, 1, 0);
  say("waits for the second", wait_for(id, 1, GETNCNT, 1));
  say("not for the first", semctl(id, 0, GETNCNT));
  operate(id, 1, 2, 0);
  printf("taken at once %d %d\n", semctl(id, 0, GETVAL), semctl(id, 1, GETVAL));
  printf("child %d, its pid %d\n", ended(child), semctl(id, 1, GETPID) == child);

  child = fork();
  if (child == 0) {
    _exit(operate(id, 2, 0, 0) == 0 ? 5 : errno);
  }
  say("waits for zero", wait_for(id, 2, GETZCNT, 1));
  semctl(id, 0, SETALL, (union semun){.array = (unsigned short[]){1, 2, 0}});
  printf("child %d\n", ended(child));

  child = fork();
  if (child == 0) {
    operate(id, 0, -1, SEM_UNDO);
    operate(id, 1, 3, SEM_UNDO);
    operate(id, 2, 1, 0);
    values(id);
    fflush(stdout);
    _exit(6);
  }
  printf("child %d\n", ended(child));
  values(id);
  child = fork();
  if (child == 0) {
    operate(id, 1, 3, SEM_UNDO);
    operate(id, 2, 4, SEM_UNDO);
    semctl(id, 1, SETVAL, (union semun){.val = 7});
    kill(getpid(), SIGKILL);
  }
  printf("child %d\n", ended(child));
  values(id);
  child = fork();
  if (child == 0) {
    operate(id, 0, 30000, SEM_UNDO);
    operate(id, 0, -25000, 0);
    _exit(0);
  }
  ended(child);
  values(id);
  operate(id, 0, 20000, SEM_UNDO);
  operate(id, 0, -20000, 0);
  say("undo too much", operate(id, 0, 20000, SEM_UNDO));
  say("set all", semctl(id, 0, SETALL, (union semun){.array = (unsigned short[]){1, 40000, 0}}));

  struct semid_ds info;
  say("stat", semctl(id, 0, IPC_STAT, (union semun){.buf = &info}));
  printf("count %lu mode %o times %d%d\n", info.sem_nsems, info.sem_perm.mode, info.sem_otime != 0,
         info.sem_ctime != 0);
  info.sem_perm.mode = 0400;
  say("change", semctl(id, 0, IPC_SET, (union semun){.buf = &info}));
  semctl(id, 0, IPC_STAT, (union semun){.buf = &info});
  printf("mode %o\n", info.sem_perm.mode);
  listed("/proc/sysvipc/sem", id);
  child = fork();
  if (child == 0) {
    _exit(operate(id, 2, -1, 0) == 0 ? 0 : errno);
  }
  wait_for(id, 2, GETNCNT, 1);
  say("remove", semctl(id, 0, IPC_RMID));
  printf("waiting: %s\n", strerror(ended(child)));
  say("gone", operate(id, 0, 1, 0));
}

struct message {
  long type;
  char text[100];
};

static long put(int id, long type, const char *text, int flags) {
  struct message message = {type};
  strcpy(message.text, text);
  return msgsnd(id, &message, strlen(text) + 1, flags);
}

static void take(const char *what, int id, size_t room, long type, int flags) {
  struct message message = {0};
  long length = msgrcv(id, &message, room, type, flags);
  say(what, length);
  if (length >= 0) {
    printf("  type %ld text %.*s\n", message.type, (int)length, message.text);
  }
}

static void queue_status(const char *what, int id) {
  struct msqid_ds info;
  say(what, msgctl(id, IPC_STAT, &info));
  printf("  messages %lu bytes %lu of %lu mode %o by %d %d times %d%d%d\n", info.msg_qnum,
         info.__msg_cbytes, info.msg_qbytes, info.msg_perm.mode, info.msg_lspid == getpid(),
         info.msg_lrpid == getpid(), info.msg_stime != 0, info.msg_rtime != 0, info.msg_ctime != 0);
}

static void queues(void) {
  say("none", msgget(base, 0600));
  int id = msgget(base, IPC_CREAT | 0600);
  got("made", id);
  say("exclusive", msgget(base, IPC_CREAT | IPC_EXCL | 0600));
  printf("again %d\n", msgget(base, 0) == id);
  queue_status("new", id);
  say("type 0", put(id, 0, "x", 0));
  say("negative type", put(id, -1, "x", 0));
  say("long", msgsnd(id, &(struct message){1}, 8193, 0));
  say("nowhere", msgsnd(id, (void *)8, 1, 0));
  say("bad id", put(-1, 1, "x", 0));
  put(id, 3, "three", 0);
  put(id, 1, "one", 0);
  put(id, 2, "two", 0);
  put(id, 1, "another one", 0);
  queue_status("four", id);
  take("second, copied", id, 100, 1, MSG_COPY | IPC_NOWAIT);
  take("copied, waiting", id, 100, 1, MSG_COPY);
  take("fifth, copied", id, 100, 4, MSG_COPY | IPC_NOWAIT);
  take("by type", id, 100, 2, 0);
  take("no such type", id, 100, 2, IPC_NOWAIT);
  take("lowest", id, 100, -2, 0);
  take("others", id, 100, 3, MSG_EXCEPT);
  put(id, 4, "", 0);
  take("too long", id, 3, 0, 0);
  take("cut", id, 3, 0, MSG_NOERROR);
  take("empty text", id, 100, 0, 0);
  take("empty", id, 100, 0, IPC_NOWAIT);
  say("negative room", msgrcv(id, NULL, -1, 0, 0));
  queue_status("empty", id);
  struct msqid_ds info;
  msgctl(id, IPC_STAT, &info);
  info.msg_qbytes = 10;
  say("limit", msgctl(id, IPC_SET, &info));
  say("fits", put(id, 1, "12345", 0));
  say("full", put(id, 1, "12345", IPC_NOWAIT));
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, NULL);
  ualarm(20000, 0);
  say("interrupted", put(id, 1, "12345", 0));
  pid_t child = fork();
  if (child == 0) {
    _exit(put(id, 9, "12345", 0) == 0 ? 7 : errno);
  }
  take("makes room", id, 100, 0, 0);
  printf("child %d\n", ended(child));
  take("from the child", id, 100, 9, 0);
  int taken[2];
  char byte;
  say("pipe", pipe(taken));
  child = fork();
  if (child == 0) {
    take("waits", id, 100, 5, 0);
    fflush(stdout);
    write(taken[1], "t", 1);
    take("removed", id, 100, 6, 0);
    fflush(stdout);
    _exit(8);
  }
  put(id, 7, "7", 0);
  put(id, 5, "5", 0);
  read(taken[0], &byte, 1);
  listed("/proc/sysvipc/msg", id);
  usleep(20000);
  long removed = msgctl(id, IPC_RMID, NULL);
  printf("child %d\n", ended(child));
  say("remove", removed);
  say("gone", put(id, 1, "x", 0));
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  base = 0x43000000 + getpid();
  segments();
  fflush(stdout);
  semaphores();
  fflush(stdout);
  queues();
  fflush(stdout);
  return 0;
}
