package org.capvm.libos;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.host.SeccompFilter;

/**
 * What the JVM may still ask of the host once it has locked itself down: what its own threads need
 * and what library OSes ask for. Nothing that starts a program, looks into another process, mounts,
 * loads code into the kernel or changes who the process is.
 *
 * <p>A second wall: it matters only to somebody who has broken out of a cVM already.
 */
public final class Lockdown {
  private static final String ALLOWED =
      """
      mmap munmap mprotect mremap madvise brk mincore msync mlock munlock memfd_create membarrier
      exit exit_group futex set_robust_list get_robust_list rseq set_tid_address restart_syscall
      rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait sigaltstack
      sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler
      sched_get_priority_min sched_get_priority_max sched_rr_get_interval getpriority getcpu
      getpid getppid gettid getuid geteuid getgid getegid getpgrp getpgid getsid uname sysinfo
      getrusage times getrlimit prlimit64 getrandom arch_prctl
      clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time
      timer_create timer_settime timer_gettime timer_delete
      read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close
      sendfile copy_file_range splice fcntl flock fsync fdatasync sync_file_range syncfs fadvise64
      ftruncate fallocate dup dup2 dup3 pipe pipe2 eventfd2 timerfd_create timerfd_settime
      timerfd_gettime inotify_init1 inotify_add_watch inotify_rm_watch
      poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
      open openat openat2 stat fstat lstat newfstatat statx statfs fstatfs access faccessat
      faccessat2 readlink readlinkat getdents64 getcwd mkdir mkdirat rmdir unlink unlinkat rename
      renameat renameat2 link linkat symlink symlinkat mknodat chmod fchmod fchmodat fchown
      fchownat utimensat umask fgetxattr fsetxattr flistxattr fremovexattr chdir fchdir
      connect accept accept4 bind listen shutdown sendto recvfrom sendmsg recvmsg sendmmsg
      recvmmsg getsockname getpeername setsockopt getsockopt socketpair
      """;

  private static final int CLONE_THREAD = 0x10000;
  private static final int PR_SET_NAME = 15;
  private static final int PR_GET_NAME = 16;
  private static final int TIOCSTI = 0x5412;
  private static final int TIOCLINUX = 0x541C;
  private static final int AF_UNIX = 1;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;

  private Lockdown() {}

  /**
   * Locks the process down, all threads, for good.
   *
   * @param processId the process's own id: it may signal itself alone
   * @return 0 or -errno, as {@link SeccompFilter#install} says
   */
  public static long apply(int processId) {
    SeccompFilter filter = new SeccompFilter();
    for (String name : ALLOWED.strip().split("\\s+", -1)) {
      filter.allow(SystemCallNames.number(name));
    }
    filter.allowWithBit(SystemCallNames.number("clone"), 0, CLONE_THREAD);
    // Its flags are in memory, where a filter cannot look; the C library falls back to clone.
    filter.fail(SystemCallNames.number("clone3"), Errno.ENOSYS);
    filter.allowValues(SystemCallNames.number("kill"), 0, processId);
    filter.allowValues(SystemCallNames.number("tgkill"), 0, processId);
    filter.allowValues(SystemCallNames.number("prctl"), 0, PR_SET_NAME, PR_GET_NAME);
    // These type into the terminal that cvm was started from.
    filter.allowExcept(SystemCallNames.number("ioctl"), 1, TIOCSTI, TIOCLINUX);
    filter.allowValues(SystemCallNames.number("socket"), 0, AF_UNIX, AF_INET, AF_INET6);
    return filter.install();
  }
}
