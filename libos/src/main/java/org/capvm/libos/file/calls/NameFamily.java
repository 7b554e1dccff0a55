package org.capvm.libos.file.calls;

import static org.capvm.libos.ArgumentKind.ADDRESS;
import static org.capvm.libos.ArgumentKind.AT_FLAGS;
import static org.capvm.libos.ArgumentKind.DIRECTORY_FD;
import static org.capvm.libos.ArgumentKind.FD;
import static org.capvm.libos.ArgumentKind.HEX;
import static org.capvm.libos.ArgumentKind.INT;
import static org.capvm.libos.ArgumentKind.LONG;
import static org.capvm.libos.ArgumentKind.MODE;
import static org.capvm.libos.ArgumentKind.OUT_STRING;
import static org.capvm.libos.ArgumentKind.PATH;
import static org.capvm.libos.ArgumentKind.SIZE;
import static org.capvm.libos.ArgumentKind.UNSIGNED;
import static org.capvm.libos.SystemCall.done;
import static org.capvm.libos.SystemCall.partial;
import static org.capvm.libos.SystemCall.refused;

import org.capvm.libos.SystemCall;
import org.capvm.libos.SystemCallFamily;
import org.capvm.libos.abi.Errno;

/** Rows of the calls that change names and attributes, and of a process's place in the tree. */
public final class NameFamily implements SystemCallFamily {
  private static final String NO_DEVICES = "device nodes give EPERM";
  private static final String FIXED_TREE = "the tree is fixed by the cVM's configuration";

  @Override
  public SystemCall row(int number) {
    return switch (number) {
      case 76 ->
          done(
              76,
              "truncate",
              (t, a, b, c, d, e, f) -> AttributeCalls.truncate(t, a, b),
              PATH,
              LONG);
      case 77 ->
          done(
              77,
              "ftruncate",
              (t, a, b, c, d, e, f) -> AttributeCalls.ftruncate(t, (int) a, b),
              FD,
              LONG);
      case 79 ->
          done(
              79,
              "getcwd",
              (t, a, b, c, d, e, f) -> DirectoryCalls.getcwd(t, a, b),
              OUT_STRING,
              SIZE);
      case 80 -> done(80, "chdir", (t, a, b, c, d, e, f) -> DirectoryCalls.chdir(t, a), PATH);
      case 81 -> done(81, "fchdir", (t, a, b, c, d, e, f) -> DirectoryCalls.fchdir(t, (int) a), FD);
      case 82 -> done(82, "rename", (t, a, b, c, d, e, f) -> NameCalls.rename(t, a, b), PATH, PATH);
      case 83 ->
          done(83, "mkdir", (t, a, b, c, d, e, f) -> NameCalls.mkdir(t, a, (int) b), PATH, MODE);
      case 84 -> done(84, "rmdir", (t, a, b, c, d, e, f) -> NameCalls.rmdir(t, a), PATH);
      case 86 -> done(86, "link", (t, a, b, c, d, e, f) -> NameCalls.link(t, a, b), PATH, PATH);
      case 87 -> done(87, "unlink", (t, a, b, c, d, e, f) -> NameCalls.unlink(t, a), PATH);
      case 88 ->
          done(88, "symlink", (t, a, b, c, d, e, f) -> NameCalls.symlink(t, a, b), PATH, PATH);
      case 90 ->
          done(
              90,
              "chmod",
              (t, a, b, c, d, e, f) -> AttributeCalls.chmod(t, a, (int) b),
              PATH,
              MODE);
      case 91 ->
          done(
              91,
              "fchmod",
              (t, a, b, c, d, e, f) -> AttributeCalls.fchmod(t, (int) a, (int) b),
              FD,
              MODE);
      case 92 ->
          done(
              92,
              "chown",
              (t, a, b, c, d, e, f) -> AttributeCalls.chown(t, a, (int) b, (int) c),
              PATH,
              INT,
              INT);
      case 93 ->
          done(
              93,
              "fchown",
              (t, a, b, c, d, e, f) -> AttributeCalls.fchown(t, (int) a, (int) b, (int) c),
              FD,
              INT,
              INT);
      case 94 ->
          done(
              94,
              "lchown",
              (t, a, b, c, d, e, f) -> AttributeCalls.lchown(t, a, (int) b, (int) c),
              PATH,
              INT,
              INT);
      case 95 -> done(95, "umask", (t, a, b, c, d, e, f) -> DirectoryCalls.umask(t, (int) a), MODE);
      case 132 ->
          done(132, "utime", (t, a, b, c, d, e, f) -> AttributeCalls.utime(t, a, b), PATH, ADDRESS);
      case 133 ->
          partial(
              133,
              "mknod",
              (t, a, b, c, d, e, f) -> NameCalls.mknod(t, a, (int) b),
              NO_DEVICES,
              PATH,
              MODE,
              HEX);
      case 155 -> refused(155, "pivot_root", Errno.EPERM, FIXED_TREE, PATH, PATH);
      case 161 -> done(161, "chroot", (t, a, b, c, d, e, f) -> DirectoryCalls.chroot(t, a), PATH);
      case 165 -> refused(165, "mount", Errno.EPERM, FIXED_TREE, PATH, PATH, PATH, HEX, ADDRESS);
      case 166 -> refused(166, "umount2", Errno.EPERM, FIXED_TREE, PATH, INT);
      default -> laterRow(number);
    };
  }

  private static SystemCall laterRow(int number) {
    return switch (number) {
      case 235 ->
          done(
              235,
              "utimes",
              (t, a, b, c, d, e, f) -> AttributeCalls.utimes(t, a, b),
              PATH,
              ADDRESS);
      case 258 ->
          done(
              258,
              "mkdirat",
              (t, a, b, c, d, e, f) -> NameCalls.mkdirat(t, (int) a, b, (int) c),
              DIRECTORY_FD,
              PATH,
              MODE);
      case 259 ->
          partial(
              259,
              "mknodat",
              (t, a, b, c, d, e, f) -> NameCalls.mknodat(t, (int) a, b, (int) c),
              NO_DEVICES,
              DIRECTORY_FD,
              PATH,
              MODE,
              HEX);
      case 260 ->
          done(
              260,
              "fchownat",
              (t, a, b, c, d, e, f) ->
                  AttributeCalls.fchownat(t, (int) a, b, (int) c, (int) d, (int) e),
              DIRECTORY_FD,
              PATH,
              INT,
              INT,
              AT_FLAGS);
      case 261 ->
          done(
              261,
              "futimesat",
              (t, a, b, c, d, e, f) -> AttributeCalls.futimesat(t, (int) a, b, c),
              DIRECTORY_FD,
              PATH,
              ADDRESS);
      case 263 ->
          done(
              263,
              "unlinkat",
              (t, a, b, c, d, e, f) -> NameCalls.unlinkat(t, (int) a, b, (int) c),
              DIRECTORY_FD,
              PATH,
              AT_FLAGS);
      case 264 ->
          done(
              264,
              "renameat",
              (t, a, b, c, d, e, f) -> NameCalls.renameat2(t, (int) a, b, (int) c, d, 0),
              DIRECTORY_FD,
              PATH,
              DIRECTORY_FD,
              PATH);
      case 265 ->
          done(
              265,
              "linkat",
              (t, a, b, c, d, e, f) -> NameCalls.linkat(t, (int) a, b, (int) c, d, (int) e),
              DIRECTORY_FD,
              PATH,
              DIRECTORY_FD,
              PATH,
              AT_FLAGS);
      case 266 ->
          done(
              266,
              "symlinkat",
              (t, a, b, c, d, e, f) -> NameCalls.symlinkat(t, a, (int) b, c),
              PATH,
              DIRECTORY_FD,
              PATH);
      case 268 ->
          done(
              268,
              "fchmodat",
              (t, a, b, c, d, e, f) -> AttributeCalls.fchmodat2(t, (int) a, b, (int) c, 0),
              DIRECTORY_FD,
              PATH,
              MODE);
      case 280 ->
          done(
              280,
              "utimensat",
              (t, a, b, c, d, e, f) -> AttributeCalls.utimensat(t, (int) a, b, c, (int) d),
              DIRECTORY_FD,
              PATH,
              ADDRESS,
              AT_FLAGS);
      case 285 ->
          done(
              285,
              "fallocate",
              (t, a, b, c, d, e, f) -> AttributeCalls.fallocate(t, (int) a, (int) b, c, d),
              FD,
              HEX,
              LONG,
              LONG);
      case 303 ->
          refused(
              303,
              "name_to_handle_at",
              Errno.EOPNOTSUPP,
              "file handles would name files without a walk",
              DIRECTORY_FD,
              PATH,
              ADDRESS,
              ADDRESS,
              AT_FLAGS);
      case 316 ->
          partial(
              316,
              "renameat2",
              (t, a, b, c, d, e, f) -> NameCalls.renameat2(t, (int) a, b, (int) c, d, (int) e),
              "no RENAME_WHITEOUT",
              DIRECTORY_FD,
              PATH,
              DIRECTORY_FD,
              PATH,
              UNSIGNED);
      case 452 ->
          done(
              452,
              "fchmodat2",
              (t, a, b, c, d, e, f) -> AttributeCalls.fchmodat2(t, (int) a, b, (int) c, (int) d),
              DIRECTORY_FD,
              PATH,
              MODE,
              AT_FLAGS);
      default -> null;
    };
  }
}
