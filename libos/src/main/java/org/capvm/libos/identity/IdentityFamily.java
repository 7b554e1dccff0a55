package org.capvm.libos.identity;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.OUT_BUFFER;
import static org.capvm.libos.ArgumentKind.OUT_INT;
import static org.capvm.libos.ArgumentKind.OUT_RESOURCE_LIMIT;
import static org.capvm.libos.ArgumentKind.OUT_RESOURCE_USAGE;
import static org.capvm.libos.ArgumentKind.OUT_SYSTEM_INFO;
import static org.capvm.libos.ArgumentKind.OUT_SYSTEM_NAME;
import static org.capvm.libos.ArgumentKind.PRCTL_OPTION;
import static org.capvm.libos.ArgumentKind.RANDOM_FLAGS;
import static org.capvm.libos.ArgumentKind.RESOURCE;
import static org.capvm.libos.ArgumentKind.RESOURCE_LIMIT;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.STRING;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;
import static org.capvm.libos.SystemCall.refused;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;
import org.capvm.libos.abi.Errno;

/** Rows of the calls on users, limits, scheduling and the system itself. */
public final class IdentityFamily implements SystemCallFamily {
  private static final String ONE_POLICY = "all tasks have policy SCHED_OTHER";
  private static final String NOT_ENFORCED =
      "recorded; enforced: STACK, DATA, NOFILE, FSIZE, SIGPENDING, MEMLOCK";

  @Override
  public SystemCall row(int number) {
    SystemCall users = users(number);
    return users != null ? users : system(number);
  }

  private static SystemCall users(int number) {
    return switch (number) {
      case 102 -> done(102, "getuid", UserCalls::getuid);
      case 104 -> done(104, "getgid", UserCalls::getgid);
      case 105 -> done(105, "setuid", UserCalls::setuid, INT);
      case 106 -> done(106, "setgid", UserCalls::setgid, INT);
      case 107 -> done(107, "geteuid", UserCalls::geteuid);
      case 108 -> done(108, "getegid", UserCalls::getegid);
      case 113 -> done(113, "setreuid", UserCalls::setreuid, INT, INT);
      case 114 -> done(114, "setregid", UserCalls::setregid, INT, INT);
      case 115 -> done(115, "getgroups", UserCalls::getgroups, INT, ADDRESS);
      case 116 -> done(116, "setgroups", UserCalls::setgroups, INT, ADDRESS);
      case 117 -> done(117, "setresuid", UserCalls::setresuid, INT, INT, INT);
      case 118 -> done(118, "getresuid", UserCalls::getresuid, OUT_INT, OUT_INT, OUT_INT);
      case 119 -> done(119, "setresgid", UserCalls::setresgid, INT, INT, INT);
      case 120 -> done(120, "getresgid", UserCalls::getresgid, OUT_INT, OUT_INT, OUT_INT);
      case 122 -> done(122, "setfsuid", UserCalls::setfsuid, INT);
      case 123 -> done(123, "setfsgid", UserCalls::setfsgid, INT);
      case 125 ->
          partial(
              125,
              "capget",
              UserCalls::capget,
              "user 0 has all capabilities, others none",
              ADDRESS,
              ADDRESS);
      case 126 ->
          refused(126, "capset", Errno.EPERM, "capabilities follow the user", ADDRESS, ADDRESS);
      default -> null;
    };
  }

  private static SystemCall system(int number) {
    return switch (number) {
      case 24 -> done(24, "sched_yield", LimitCalls::schedYield);
      case 63 -> done(63, "uname", SystemCalls::uname, OUT_SYSTEM_NAME);
      case 97 -> done(97, "getrlimit", LimitCalls::getrlimit, RESOURCE, OUT_RESOURCE_LIMIT);
      case 98 ->
          partial(
              98,
              "getrusage",
              LimitCalls::getrusage,
              "processor time and resident size; the rest is 0",
              INT,
              OUT_RESOURCE_USAGE);
      case 99 -> done(99, "sysinfo", SystemCalls::sysinfo, OUT_SYSTEM_INFO);
      case 135 ->
          partial(
              135,
              "personality",
              SystemCalls::personality,
              "PER_LINUX alone, with or without ADDR_NO_RANDOMIZE",
              HEX);
      case 140 -> done(140, "getpriority", PriorityCalls::getpriority, INT, INT);
      case 141 ->
          partial(
              141,
              "setpriority",
              PriorityCalls::setpriority,
              "nice values are kept, and do not change what a task gets of the processors",
              INT,
              INT,
              INT);
      case 142 ->
          partial(142, "sched_setparam", LimitCalls::schedSetparam, ONE_POLICY, INT, ADDRESS);
      case 143 ->
          partial(143, "sched_getparam", LimitCalls::schedGetparam, ONE_POLICY, INT, ADDRESS);
      case 144 ->
          partial(
              144,
              "sched_setscheduler",
              LimitCalls::schedSetscheduler,
              ONE_POLICY,
              INT,
              INT,
              ADDRESS);
      case 145 ->
          partial(145, "sched_getscheduler", LimitCalls::schedGetscheduler, ONE_POLICY, INT);
      case 146 -> done(146, "sched_get_priority_max", LimitCalls::schedPriorityMax, INT);
      case 147 -> done(147, "sched_get_priority_min", LimitCalls::schedPriorityMin, INT);
      case 148 -> done(148, "sched_rr_get_interval", LimitCalls::schedRrGetInterval, INT, ADDRESS);
      case 157 ->
          partial(
              157,
              "prctl",
              PrctlCalls::prctl,
              "names, dumpable, death signal, no_new_privs, capability bounds, and keeping"
                  + " capabilities, which has no effect; others EINVAL",
              PRCTL_OPTION,
              HEX,
              HEX,
              HEX,
              HEX);
      case 160 ->
          partial(160, "setrlimit", LimitCalls::setrlimit, NOT_ENFORCED, RESOURCE, RESOURCE_LIMIT);
      case 170 -> done(170, "sethostname", SystemCalls::sethostname, STRING, SIZE);
      case 171 -> done(171, "setdomainname", SystemCalls::setdomainname, STRING, SIZE);
      case 203 -> done(203, "sched_setaffinity", LimitCalls::schedSetaffinity, INT, SIZE, ADDRESS);
      case 204 -> done(204, "sched_getaffinity", LimitCalls::schedGetaffinity, INT, SIZE, ADDRESS);
      case 302 ->
          partial(
              302,
              "prlimit64",
              LimitCalls::prlimit64,
              NOT_ENFORCED,
              INT,
              RESOURCE,
              RESOURCE_LIMIT,
              OUT_RESOURCE_LIMIT);
      case 309 -> done(309, "getcpu", LimitCalls::getcpu, OUT_INT, OUT_INT, ADDRESS);
      case 318 -> done(318, "getrandom", SystemCalls::getrandom, OUT_BUFFER, SIZE, RANDOM_FLAGS);
      case 324 ->
          partial(
              324,
              "membarrier",
              SystemCalls::membarrier,
              "GLOBAL and PRIVATE_EXPEDITED",
              INT,
              HEX,
              INT);
      case 334 ->
          refused(
              334,
              "rseq",
              Errno.ENOSYS,
              "as a kernel without restartable sequences; C libraries do without",
              ADDRESS,
              SIZE,
              HEX,
              HEX);
      default -> null;
    };
  }
}
