package org.capvm.libos.file.calls;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.FD;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.PATH;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.STRING;
import static org.capvm.libos.SystemCall.partial;
import static org.capvm.libos.file.calls.AttributeNameCalls.byDescriptor;
import static org.capvm.libos.file.calls.AttributeNameCalls.byPath;

import org.capvm.libos.ArgumentKind;
import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;
import org.capvm.libos.SystemCallHandler;

/** Rows of the calls on extended attributes. */
public final class AttributeNameFamily implements SystemCallFamily {
  private static final String NOTE =
      "kept by the private layer and tmpfs; those of host files are not shown";

  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 188 ->
          set(
              188,
              "setxattr",
              PATH,
              (t, a, b, c, d, e, f) ->
                  AttributeNameCalls.set(t, () -> byPath(t, a, true), b, c, d, (int) e));
      case 189 ->
          set(
              189,
              "lsetxattr",
              PATH,
              (t, a, b, c, d, e, f) ->
                  AttributeNameCalls.set(t, () -> byPath(t, a, false), b, c, d, (int) e));
      case 190 ->
          set(
              190,
              "fsetxattr",
              FD,
              (t, a, b, c, d, e, f) ->
                  AttributeNameCalls.set(t, () -> byDescriptor(t, (int) a), b, c, d, (int) e));
      case 191 ->
          get(
              191,
              "getxattr",
              PATH,
              (t, a, b, c, d, e, f) ->
                  AttributeNameCalls.get(t, () -> byPath(t, a, true), b, c, d));
      case 192 ->
          get(
              192,
              "lgetxattr",
              PATH,
              (t, a, b, c, d, e, f) ->
                  AttributeNameCalls.get(t, () -> byPath(t, a, false), b, c, d));
      case 193 ->
          get(
              193,
              "fgetxattr",
              FD,
              (t, a, b, c, d, e, f) ->
                  AttributeNameCalls.get(t, () -> byDescriptor(t, (int) a), b, c, d));
      case 194 ->
          list(
              194,
              "listxattr",
              PATH,
              (t, a, b, c, d, e, f) -> AttributeNameCalls.list(t, () -> byPath(t, a, true), b, c));
      case 195 ->
          list(
              195,
              "llistxattr",
              PATH,
              (t, a, b, c, d, e, f) -> AttributeNameCalls.list(t, () -> byPath(t, a, false), b, c));
      case 196 ->
          list(
              196,
              "flistxattr",
              FD,
              (t, a, b, c, d, e, f) ->
                  AttributeNameCalls.list(t, () -> byDescriptor(t, (int) a), b, c));
      case 197 ->
          remove(
              197,
              "removexattr",
              PATH,
              (t, a, b, c, d, e, f) -> AttributeNameCalls.remove(t, () -> byPath(t, a, true), b));
      case 198 ->
          remove(
              198,
              "lremovexattr",
              PATH,
              (t, a, b, c, d, e, f) -> AttributeNameCalls.remove(t, () -> byPath(t, a, false), b));
      case 199 ->
          remove(
              199,
              "fremovexattr",
              FD,
              (t, a, b, c, d, e, f) ->
                  AttributeNameCalls.remove(t, () -> byDescriptor(t, (int) a), b));
      default -> null;
    };
  }

  private static SystemCall set(
      int number, String name, ArgumentKind file, SystemCallHandler handler) {
    return partial(number, name, handler, NOTE, file, STRING, ADDRESS, SIZE, HEX);
  }

  private static SystemCall get(
      int number, String name, ArgumentKind file, SystemCallHandler handler) {
    return partial(number, name, handler, NOTE, file, STRING, ADDRESS, SIZE);
  }

  private static SystemCall list(
      int number, String name, ArgumentKind file, SystemCallHandler handler) {
    return partial(number, name, handler, NOTE, file, ADDRESS, SIZE);
  }

  private static SystemCall remove(
      int number, String name, ArgumentKind file, SystemCallHandler handler) {
    return partial(number, name, handler, NOTE, file, STRING);
  }
}
