package org.capvm.libos.file.proc;

import java.util.function.BiFunction;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Mount;

/** The texts of {@code mounts} and {@code mountinfo}. */
final class MountTexts {
  private MountTexts() {}

  static String mounts(Caller caller) {
    return lines(
        caller,
        (mount, point) ->
            escape(mount.source())
                + " "
                + point
                + " "
                + mount.fileSystem().typeName()
                + " "
                + options(mount)
                + " 0 0\n");
  }

  static String mountInfo(Caller caller) {
    return lines(
        caller,
        (mount, point) -> {
          long device = mount.fileSystem().device();
          int parent = mount.point() == null ? 0 : mount.point().mount().id();
          return mount.id()
              + " "
              + parent
              + " "
              + FileStatus.major(device)
              + ":"
              + FileStatus.minor(device)
              + " / "
              + point
              + " "
              + options(mount)
              + " - "
              + mount.fileSystem().typeName()
              + " "
              + escape(mount.source())
              + " "
              + (mount.readOnly() ? "ro" : "rw")
              + "\n";
        });
  }

  private static String lines(Caller caller, BiFunction<Mount, String, String> line) {
    StringBuilder text = new StringBuilder();
    for (Mount mount : caller.fileSystem().mounts().mounts()) {
      String point = mount.root().path(caller.fileSystem().root());
      if (!point.startsWith("(unreachable)")) {
        text.append(line.apply(mount, escape(point)));
      }
    }
    return text.toString();
  }

  private static String options(Mount mount) {
    return (mount.readOnly() ? "ro" : "rw") + ",relatime";
  }

  /** As Linux does, so that a field never contains a space. */
  private static String escape(String field) {
    return field
        .replace("\\", "\\134")
        .replace(" ", "\\040")
        .replace("\t", "\\011")
        .replace("\n", "\\012");
  }
}
