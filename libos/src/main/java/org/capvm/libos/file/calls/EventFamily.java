package org.capvm.libos.file.calls;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.EPOLL_EVENT;
import static org.capvm.libos.ArgumentKind.EPOLL_OPERATION;
import static org.capvm.libos.ArgumentKind.FD;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.IOVEC;
import static org.capvm.libos.ArgumentKind.OPEN_FLAGS;
import static org.capvm.libos.ArgumentKind.OUT_EPOLL_EVENTS;
import static org.capvm.libos.ArgumentKind.PATH;
import static org.capvm.libos.ArgumentKind.POLL_FDS;
import static org.capvm.libos.ArgumentKind.SIGNAL_SET;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.STRING;
import static org.capvm.libos.ArgumentKind.TIMESPEC;
import static org.capvm.libos.ArgumentKind.TIMEVAL;
import static org.capvm.libos.ArgumentKind.UNSIGNED;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;

/** Rows of the calls that wait for readiness and of those that move bytes between open files. */
public final class EventFamily implements SystemCallFamily {
  private static final String WATCHED =
      "hears of what the cVM's own calls do; IN_DELETE_SELF comes with the last name, also while"
          + " the file is open; IN_EXCL_UNLINK is ignored";
  private static final String BY_COPY = "the bytes are copied, not moved";
  private static final String SIGNALS_NOTE =
      "readiness is that of the process that made it, also after fork";

  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 7 ->
          done(
              7,
              "poll",
              (t, a, b, c, d, e, f) -> PollCalls.poll(t, a, (int) b, (int) c),
              POLL_FDS,
              UNSIGNED,
              INT);
      case 23 ->
          done(
              23,
              "select",
              (t, a, b, c, d, e, f) -> PollCalls.select(t, (int) a, new long[] {b, c, d}, e),
              INT,
              ADDRESS,
              ADDRESS,
              ADDRESS,
              TIMEVAL);
      case 40 ->
          partial(
              40,
              "sendfile",
              (t, a, b, c, d, e, f) -> TransferCalls.sendfile(t, (int) a, (int) b, c, d),
              BY_COPY,
              FD,
              FD,
              ADDRESS,
              SIZE);
      case 213 ->
          done(
              213,
              "epoll_create",
              (t, a, b, c, d, e, f) ->
                  (int) a <= 0 ? -org.capvm.libos.abi.Errno.EINVAL : EventCalls.epollCreate(t, 0),
              INT);
      case 232 ->
          done(
              232,
              "epoll_wait",
              (t, a, b, c, d, e, f) -> EventCalls.epollWait(t, (int) a, b, (int) c, (int) d),
              FD,
              OUT_EPOLL_EVENTS,
              INT,
              INT);
      case 233 ->
          partial(
              233,
              "epoll_ctl",
              (t, a, b, c, d, e, f) -> EventCalls.epollControl(t, (int) a, (int) b, (int) c, d),
              "EPOLLEXCLUSIVE wakes all; EPOLLWAKEUP is ignored",
              FD,
              EPOLL_OPERATION,
              FD,
              EPOLL_EVENT);
      case 270 ->
          done(
              270,
              "pselect6",
              (t, a, b, c, d, e, f) -> PollCalls.pselect(t, (int) a, new long[] {b, c, d}, e, f),
              INT,
              ADDRESS,
              ADDRESS,
              ADDRESS,
              TIMESPEC,
              ADDRESS);
      case 271 ->
          done(
              271,
              "ppoll",
              (t, a, b, c, d, e, f) -> PollCalls.ppoll(t, a, (int) b, c, d, e),
              POLL_FDS,
              UNSIGNED,
              TIMESPEC,
              SIGNAL_SET,
              SIZE);
      case 275 ->
          partial(
              275,
              "splice",
              (t, a, b, c, d, e, f) -> TransferCalls.splice(t, (int) a, b, (int) c, d, e, (int) f),
              BY_COPY,
              FD,
              ADDRESS,
              FD,
              ADDRESS,
              SIZE,
              UNSIGNED);
      case 276 ->
          partial(
              276,
              "tee",
              (t, a, b, c, d, e, f) -> TransferCalls.tee(t, (int) a, (int) b, c, (int) d),
              BY_COPY,
              FD,
              FD,
              SIZE,
              UNSIGNED);
      case 253 ->
          partial(253, "inotify_init", (t, a, b, c, d, e, f) -> WatchCalls.init(t, 0), WATCHED);
      case 254 ->
          partial(
              254,
              "inotify_add_watch",
              (t, a, b, c, d, e, f) -> WatchCalls.add(t, (int) a, b, (int) c),
              WATCHED,
              FD,
              PATH,
              HEX);
      case 255 ->
          done(
              255,
              "inotify_rm_watch",
              (t, a, b, c, d, e, f) -> WatchCalls.remove(t, (int) a, (int) b),
              FD,
              INT);
      case 294 ->
          partial(
              294,
              "inotify_init1",
              (t, a, b, c, d, e, f) -> WatchCalls.init(t, (int) a),
              WATCHED,
              OPEN_FLAGS);
      case 278 ->
          partial(
              278,
              "vmsplice",
              (t, a, b, c, d, e, f) -> TransferCalls.vmsplice(t, (int) a, b, c, (int) d),
              BY_COPY,
              FD,
              IOVEC,
              SIZE,
              UNSIGNED);
      default -> laterRow(number);
    };
  }

  private static SystemCall laterRow(int number) {
    return switch (number) {
      case 281 ->
          done(
              281,
              "epoll_pwait",
              (t, a, b, c, d, e, f) -> EventCalls.epollPwait(t, (int) a, b, (int) c, (int) d, e, f),
              FD,
              OUT_EPOLL_EVENTS,
              INT,
              INT,
              SIGNAL_SET,
              SIZE);
      case 282 ->
          partial(
              282,
              "signalfd",
              (t, a, b, c, d, e, f) -> EventCalls.signalfd(t, (int) a, b, c, 0),
              SIGNALS_NOTE,
              FD,
              SIGNAL_SET,
              SIZE);
      case 283 ->
          partial(
              283,
              "timerfd_create",
              (t, a, b, c, d, e, f) -> EventCalls.timerCreate(t, (int) a, (int) b),
              "TFD_TIMER_CANCEL_ON_SET never cancels; the alarm clocks do not wake the host",
              INT,
              OPEN_FLAGS);
      case 284 ->
          done(
              284, "eventfd", (t, a, b, c, d, e, f) -> EventCalls.eventfd(t, (int) a, 0), UNSIGNED);
      case 286 ->
          done(
              286,
              "timerfd_settime",
              (t, a, b, c, d, e, f) -> EventCalls.timerSet(t, (int) a, (int) b, c, d),
              FD,
              HEX,
              ADDRESS,
              ADDRESS);
      case 287 ->
          done(
              287,
              "timerfd_gettime",
              (t, a, b, c, d, e, f) -> EventCalls.timerGet(t, (int) a, b),
              FD,
              ADDRESS);
      case 289 ->
          partial(
              289,
              "signalfd4",
              (t, a, b, c, d, e, f) -> EventCalls.signalfd(t, (int) a, b, c, (int) d),
              SIGNALS_NOTE,
              FD,
              SIGNAL_SET,
              SIZE,
              OPEN_FLAGS);
      case 290 ->
          done(
              290,
              "eventfd2",
              (t, a, b, c, d, e, f) -> EventCalls.eventfd(t, (int) a, (int) b),
              UNSIGNED,
              OPEN_FLAGS);
      case 291 ->
          done(
              291,
              "epoll_create1",
              (t, a, b, c, d, e, f) -> EventCalls.epollCreate(t, (int) a),
              OPEN_FLAGS);
      case 319 ->
          partial(
              319,
              "memfd_create",
              (t, a, b, c, d, e, f) -> EventCalls.memfdCreate(t, a, (int) b),
              "no huge pages",
              STRING,
              HEX);
      case 326 ->
          partial(
              326,
              "copy_file_range",
              (t, a, b, c, d, e, f) ->
                  TransferCalls.copyFileRange(t, (int) a, b, (int) c, d, e, (int) f),
              BY_COPY,
              FD,
              ADDRESS,
              FD,
              ADDRESS,
              SIZE,
              UNSIGNED);
      case 441 ->
          done(
              441,
              "epoll_pwait2",
              (t, a, b, c, d, e, f) -> EventCalls.epollPwait2(t, (int) a, b, (int) c, d, e, f),
              FD,
              OUT_EPOLL_EVENTS,
              INT,
              TIMESPEC,
              SIGNAL_SET,
              SIZE);
      default -> null;
    };
  }
}
