package org.capvm.libos.process;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.ARCH_PRCTL_CODE;
import static org.capvm.libos.ArgumentKind.AT_FLAGS;
import static org.capvm.libos.ArgumentKind.CLONE_FLAGS;
import static org.capvm.libos.ArgumentKind.DIRECTORY_FD;
import static org.capvm.libos.ArgumentKind.FD;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.OUT_RESOURCE_USAGE;
import static org.capvm.libos.ArgumentKind.OUT_WAIT_STATUS;
import static org.capvm.libos.ArgumentKind.PATH;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.STRING_ARRAY;
import static org.capvm.libos.ArgumentKind.WAIT_OPTIONS;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;

/** Rows of the process calls. */
public final class ProcessFamily implements SystemCallFamily {
  private static final String CLONE_LIMITS =
      "namespaces return EPERM; CLONE_INTO_CGROUP, chosen ids, and CLONE_SIGHAND"
          + " without CLONE_THREAD return EINVAL";

  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 39 -> done(39, "getpid", ProcessCalls::getpid);
      case 56 ->
          partial(
              56,
              "clone",
              CloneCalls::clone,
              CLONE_LIMITS,
              CLONE_FLAGS,
              ADDRESS,
              ADDRESS,
              ADDRESS,
              HEX);
      case 57 -> done(57, "fork", CloneCalls::fork);
      case 58 -> done(58, "vfork", CloneCalls::vfork);
      case 59 -> done(59, "execve", CloneCalls::execve, PATH, STRING_ARRAY, ADDRESS);
      case 60 -> done(60, "exit", ProcessCalls::exit, INT);
      case 61 ->
          done(
              61,
              "wait4",
              ProcessCalls::wait4,
              INT,
              OUT_WAIT_STATUS,
              WAIT_OPTIONS,
              OUT_RESOURCE_USAGE);
      case 109 -> done(109, "setpgid", ProcessCalls::setpgid, INT, INT);
      case 110 -> done(110, "getppid", ProcessCalls::getppid);
      case 111 -> done(111, "getpgrp", ProcessCalls::getpgrp);
      case 112 -> done(112, "setsid", ProcessCalls::setsid);
      case 121 -> done(121, "getpgid", ProcessCalls::getpgid, INT);
      case 124 -> done(124, "getsid", ProcessCalls::getsid, INT);
      case 158 ->
          partial(
              158,
              "arch_prctl",
              ProcessCalls::archPrctl,
              "the four calls on segment bases, and ARCH_GET_CPUID; others return EINVAL",
              ARCH_PRCTL_CODE,
              ADDRESS);
      case 186 -> done(186, "gettid", ProcessCalls::gettid);
      case 218 -> done(218, "set_tid_address", ProcessCalls::setTidAddress, ADDRESS);
      case 231 -> done(231, "exit_group", ProcessCalls::exitGroup, INT);
      case 247 ->
          done(
              247,
              "waitid",
              ProcessCalls::waitid,
              INT,
              INT,
              ADDRESS,
              WAIT_OPTIONS,
              OUT_RESOURCE_USAGE);
      case 322 ->
          done(
              322,
              "execveat",
              CloneCalls::execveat,
              DIRECTORY_FD,
              PATH,
              STRING_ARRAY,
              ADDRESS,
              AT_FLAGS);
      case 434 ->
          partial(
              434,
              "pidfd_open",
              (t, a, b, c, d, e, f) -> PidCalls.open(t, (int) a, (int) b),
              "of processes; PIDFD_THREAD returns EINVAL, as before Linux 6.9",
              INT,
              HEX);
      case 438 ->
          done(
              438,
              "pidfd_getfd",
              (t, a, b, c, d, e, f) -> PidCalls.getDescriptor(t, (int) a, (int) b, (int) c),
              FD,
              INT,
              HEX);
      case 435 -> partial(435, "clone3", CloneCalls::clone3, CLONE_LIMITS, ADDRESS, SIZE);
      default -> null;
    };
  }
}
