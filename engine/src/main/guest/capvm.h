/*
 * Capabilities of CapVM, for programs in cVMs.
 *
 * Functions return 0, a handle or a count, or a negative errno; they do not touch errno. In a process
 * outside of CapVM all of them return -ENOSYS.
 *
 * Errors: -EBADF no such capability, or revoked; -EACCES a permission is missing; -ERANGE outside the
 * capability's range; -EFAULT memory is not there, on either side; -ENOENT no such name, or not granted;
 * -EEXIST the name is taken; -ENAMETOOLONG; -ENOSPC the cVM holds too many; -EAGAIN the word has another value;
 * -ETIMEDOUT; -EOWNERDEAD the owner ended while you waited.
 */
#ifndef CAPVM_H
#define CAPVM_H

#include <stddef.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  CAP_READ = 1,
  CAP_WRITE = 2,
  CAP_CALL = 4,
  CAP_NOTIFY = 8,
  CAP_DELEGATE = 16,
  CAP_ALL = 31
};

/* Names a capability of this cVM; above 0. All processes of the cVM share it. */
typedef long cap_t;

/*
 * Publishes [address, address + length) of this process under a name of 1 to 255 bytes without a slash; other
 * cVMs see "CVM/NAME".
 */
cap_t cp_file_create(const char *name, void *address, size_t length, unsigned permissions);

/* Opens "CVM/NAME", or NAME of this cVM's own, as it was granted. */
cap_t cp_file_open(const char *name);

/* A narrower capability, which ends with this one. */
cap_t cp_file_restrict(cap_t file, size_t offset, size_t length, unsigned permissions);

/* Copies all length bytes, or returns an error. */
long cp_file_read(cap_t file, size_t offset, void *buffer, size_t length);
long cp_file_write(cap_t file, size_t offset, const void *buffer, size_t length);

struct iovec;
long cp_file_readv(cap_t file, size_t offset, const struct iovec *vector, int count);
long cp_file_writev(cap_t file, size_t offset, const struct iovec *vector, int count);

struct cp_file_operation {
  int operation; /* 0 reads, 1 writes */
  int reserved;
  cap_t file;
  size_t offset;
  void *buffer;
  size_t length;
  long result; /* set by cp_file_submit: length, or a negative errno */
};

/* Carries out a queue in order; every entry has its result when this returns the count. */
long cp_file_submit(struct cp_file_operation *queue, int count);

/*
 * Sleeps until somebody notifies the int at offset, unless it is not the expected one any more: -EAGAIN,
 * at once, and the timeout is not looked at.
 */
int cp_file_wait(cap_t file, size_t offset, int expected, const struct timespec *timeout);

/* Wakes up to count of those who wait for the int at offset; returns how many. */
int cp_file_notify(cap_t file, size_t offset, int count);

/* Lets a cVM, or with "*" every cVM, open the file's name with these permissions. */
int cp_file_grant(cap_t file, const char *cvm, unsigned permissions);

/* Ends what was derived from or granted through this capability. */
int cp_file_revoke(cap_t file);

/* Ends this capability too; the owner's ends the file. */
int cp_file_close(cap_t file);

struct cp_file_status {
  size_t length;
  unsigned permissions;
  unsigned reserved;
};

int cp_file_stat(cap_t file, struct cp_file_status *status);

/* A function that other cVMs can call. */
typedef long (*cp_function)(long, long, long, long, long, long);

/* Exports a function under a name; grant, revoke and close are those of files. */
cap_t cp_call_export(const char *name, cp_function function);

/*
 * Lends this thread to callers of an exported function: while it sleeps here, a call runs on its stack
 * and with its thread-local storage, in this cVM, on the thread of whoever calls. Returns an error when
 * the function is exported no more. With no thread serving, calls wait.
 */
int cp_call_serve(cap_t function);

/* Opens "CVM/NAME", as it was granted. */
cap_t cp_call_open(const char *name);

/*
 * Calls a function of another cVM with words, and stores what it returned. With a timeout, a call that
 * is not over then is cut short: -ETIMEDOUT. If the callee dies or ends in any other way than by
 * returning: -EOWNERDEAD.
 */
int cp_call(cap_t function, const long words[6], long *result, const struct timespec *timeout);

/* Part of a buffer for the callee of one call; word: which of the six words names it there. */
struct cp_loan {
  cap_t file;
  size_t offset;
  size_t length;
  unsigned permissions;
  unsigned word;
};

/*
 * Calls as cp_call does, and lends the callee up to six parts of buffers that may be passed on
 * (CAP_DELEGATE). What was lent, and all that the callee made of it, ends with the call: when this returns,
 * no use of it is in flight.
 */
int cp_call_lend(cap_t function, const long words[6], const struct cp_loan *loans, int count,
                 long *result, const struct timespec *timeout);

/*
 * Makes a stream of bytes and publishes its other end under a name. Returns a descriptor of this end: a
 * connected socket, for read, write, poll, shutdown and so on. flags: SOCK_CLOEXEC, SOCK_NONBLOCK. Stores
 * what grant, revoke and close take. Revoked, the other side's reads and writes fail with EBADF, and this
 * one sees a connection that was closed.
 */
int cp_stream_create(const char *name, int flags, cap_t *stream);

/* Opens the other end of "CVM/NAME", as it was granted; once: -EBUSY. Returns a descriptor. */
int cp_stream_open(const char *name, int flags);

#define cp_stream_grant cp_file_grant
#define cp_stream_revoke cp_file_revoke
#define cp_stream_close cp_file_close

/* Of functions and files alike. */
#define cp_call_grant cp_file_grant
#define cp_call_revoke cp_file_revoke
#define cp_call_close cp_file_close

#ifdef __cplusplus
}
#endif
#endif
