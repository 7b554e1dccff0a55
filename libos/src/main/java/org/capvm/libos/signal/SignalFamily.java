package org.capvm.libos.signal;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.FD;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.OUT_SIGNAL_ACTION;
import static org.capvm.libos.ArgumentKind.OUT_SIGNAL_SET;
import static org.capvm.libos.ArgumentKind.OUT_SIGNAL_STACK;
import static org.capvm.libos.ArgumentKind.SIGNAL;
import static org.capvm.libos.ArgumentKind.SIGNAL_ACTION;
import static org.capvm.libos.ArgumentKind.SIGNAL_HOW;
import static org.capvm.libos.ArgumentKind.SIGNAL_SET;
import static org.capvm.libos.ArgumentKind.SIGNAL_STACK;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.TIMESPEC;
import static org.capvm.libos.SystemCall.done;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;

/** Rows of the signal calls. */
public final class SignalFamily implements SystemCallFamily {
  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 13 ->
          done(
              13,
              "rt_sigaction",
              SignalCalls::rtSigaction,
              SIGNAL,
              SIGNAL_ACTION,
              OUT_SIGNAL_ACTION,
              SIZE);
      case 14 ->
          done(
              14,
              "rt_sigprocmask",
              SignalCalls::rtSigprocmask,
              SIGNAL_HOW,
              SIGNAL_SET,
              OUT_SIGNAL_SET,
              SIZE);
      case 15 -> done(15, "rt_sigreturn", SignalCalls::rtSigreturn);
      case 34 -> done(34, "pause", SignalCalls::pause);
      case 62 -> done(62, "kill", SignalCalls::kill, INT, SIGNAL);
      case 127 -> done(127, "rt_sigpending", SignalCalls::rtSigpending, OUT_SIGNAL_SET, SIZE);
      case 128 ->
          done(
              128,
              "rt_sigtimedwait",
              SignalCalls::rtSigtimedwait,
              SIGNAL_SET,
              ADDRESS,
              TIMESPEC,
              SIZE);
      case 129 -> done(129, "rt_sigqueueinfo", SignalCalls::rtSigqueueinfo, INT, SIGNAL, ADDRESS);
      case 130 -> done(130, "rt_sigsuspend", SignalCalls::rtSigsuspend, SIGNAL_SET, SIZE);
      case 131 ->
          done(131, "sigaltstack", SignalCalls::sigaltstack, SIGNAL_STACK, OUT_SIGNAL_STACK);
      case 200 -> done(200, "tkill", SignalCalls::tkill, INT, SIGNAL);
      case 234 -> done(234, "tgkill", SignalCalls::tgkill, INT, INT, SIGNAL);
      case 297 ->
          done(297, "rt_tgsigqueueinfo", SignalCalls::rtTgsigqueueinfo, INT, INT, SIGNAL, ADDRESS);
      case 424 ->
          done(
              424,
              "pidfd_send_signal",
              (t, a, b, c, d, e, f) -> SignalCalls.pidfdSendSignal(t, (int) a, (int) b, c, (int) d),
              FD,
              SIGNAL,
              ADDRESS,
              HEX);
      default -> null;
    };
  }
}
