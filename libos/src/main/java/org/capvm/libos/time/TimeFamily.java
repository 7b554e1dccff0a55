package org.capvm.libos.time;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.CLOCK;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.ITIMERVAL;
import static org.capvm.libos.ArgumentKind.OUT_INT;
import static org.capvm.libos.ArgumentKind.OUT_ITIMERVAL;
import static org.capvm.libos.ArgumentKind.OUT_TIMESPEC;
import static org.capvm.libos.ArgumentKind.OUT_TIMEVAL;
import static org.capvm.libos.ArgumentKind.TIMESPEC;
import static org.capvm.libos.ArgumentKind.UNSIGNED;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;
import static org.capvm.libos.SystemCall.refused;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;
import org.capvm.libos.abi.Errno;

/** Rows of the clock and timer calls. */
public final class TimeFamily implements SystemCallFamily {
  private static final String ONE_CPU_CLOCK = "ITIMER_VIRTUAL counts system time as well";
  private static final String NOT_YOURS = "the host's clock is not a guest's to set";

  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 35 -> done(35, "nanosleep", TimeCalls::nanosleep, TIMESPEC, OUT_TIMESPEC);
      case 36 -> partial(36, "getitimer", TimerCalls::getitimer, ONE_CPU_CLOCK, INT, OUT_ITIMERVAL);
      case 37 -> done(37, "alarm", TimerCalls::alarm, UNSIGNED);
      case 38 ->
          partial(
              38, "setitimer", TimerCalls::setitimer, ONE_CPU_CLOCK, INT, ITIMERVAL, OUT_ITIMERVAL);
      case 96 -> done(96, "gettimeofday", TimeCalls::gettimeofday, OUT_TIMEVAL, ADDRESS);
      case 100 -> done(100, "times", TimeCalls::times, ADDRESS);
      case 159 -> partial(159, "adjtimex", TimerCalls::adjtimex, NOT_YOURS, ADDRESS);
      case 164 -> refused(164, "settimeofday", Errno.EPERM, NOT_YOURS, ADDRESS, ADDRESS);
      case 201 -> done(201, "time", TimeCalls::time, ADDRESS);
      case 219 -> done(219, "restart_syscall", TimeCalls::restartSyscall);
      case 222 ->
          partial(
              222,
              "timer_create",
              TimerCalls::timerCreate,
              "clocks of processor time return EOPNOTSUPP",
              CLOCK,
              ADDRESS,
              OUT_INT);
      case 223 -> done(223, "timer_settime", TimerCalls::timerSettime, INT, HEX, ADDRESS, ADDRESS);
      case 224 -> done(224, "timer_gettime", TimerCalls::timerGettime, INT, ADDRESS);
      case 225 -> done(225, "timer_getoverrun", TimerCalls::timerGetoverrun, INT);
      case 226 -> done(226, "timer_delete", TimerCalls::timerDelete, INT);
      case 227 ->
          partial(227, "clock_settime", TimeCalls::clockSettime, NOT_YOURS, CLOCK, TIMESPEC);
      case 228 -> done(228, "clock_gettime", TimeCalls::clockGettime, CLOCK, OUT_TIMESPEC);
      case 229 -> done(229, "clock_getres", TimeCalls::clockGetres, CLOCK, OUT_TIMESPEC);
      case 230 ->
          done(
              230,
              "clock_nanosleep",
              TimeCalls::clockNanosleep,
              CLOCK,
              HEX,
              TIMESPEC,
              OUT_TIMESPEC);
      default -> null;
    };
  }
}
