package org.capvm.libos.futex;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.FUTEX_OPERATION;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.TIMESPEC;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;

/** Rows of the futex calls. */
public final class FutexFamily implements SystemCallFamily {
  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 202 ->
          partial(
              202,
              "futex",
              FutexCalls::futex,
              "priority inheritance (FUTEX_LOCK_PI and its kin) returns ENOSYS",
              ADDRESS,
              FUTEX_OPERATION,
              INT,
              TIMESPEC,
              ADDRESS,
              HEX);
      case 273 -> done(273, "set_robust_list", FutexCalls::setRobustList, ADDRESS, SIZE);
      case 274 -> done(274, "get_robust_list", FutexCalls::getRobustList, INT, ADDRESS, ADDRESS);
      default -> null;
    };
  }
}
