package org.capvm.libos.file.calls;

import static org.capvm.libos.abi.OpenFlags.AT_FDCWD;
import static org.capvm.libos.abi.OpenFlags.AT_SYMLINK_NOFOLLOW;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.Access;
import org.capvm.libos.file.AnonymousDescription;
import org.capvm.libos.file.ExtendedAttributes;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Location;
import org.capvm.libos.process.Task;

/** Extended attributes. */
final class AttributeNameCalls {
  private static final int NAME_MAX = 255;
  private static final int SIZE_MAX = 65536;
  private static final int XATTR_CREATE = 1;
  private static final int XATTR_REPLACE = 2;

  private AttributeNameCalls() {}

  // ---- which file: looked for after the other arguments, as Linux does

  static Target byPath(Task task, long path, boolean follow) {
    return Target.at(
        Arguments.locate(task, AT_FDCWD, path, follow ? 0 : AT_SYMLINK_NOFOLLOW, true));
  }

  static Target byDescriptor(Task task, int descriptor) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (file.location() != null) {
        return Target.at(file.location());
      }
      if (file instanceof AnonymousDescription) {
        return new Target(null, null);
      }
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    } finally {
      file.release();
    }
  }

  /**
   * What has the attributes.
   *
   * @param location null for a file that has no place, and no attributes either
   */
  record Target(Location location, Inode inode) {
    static Target at(Location location) {
      return new Target(location, location.inode());
    }

    void requireWritable() {
      if (location != null) {
        location.requireWritable();
      }
    }

    boolean takesUserNames() {
      return inode != null && (inode.isRegular() || inode.isDirectory());
    }

    /** Null if it has none. */
    ExtendedAttributes attributesOrNull() {
      return inode == null ? null : inode.extendedAttributes();
    }

    ExtendedAttributes attributes() {
      ExtendedAttributes attributes = attributesOrNull();
      if (attributes == null) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
      }
      return attributes;
    }
  }

  private static String name(Task task, long address) {
    String name = Arguments.name(task, address, NAME_MAX, Errno.ERANGE);
    if (name.isEmpty()) {
      throw ErrnoException.of(Errno.ERANGE);
    }
    return name;
  }

  /** Which names there may be, and on what: xattr(7). */
  private static void requireAllowed(Task task, Target file, String name, int access) {
    if (name.startsWith("user.")) {
      if (!file.takesUserNames()) {
        throw ErrnoException.of(access == Access.READ ? Errno.ENODATA : Errno.EPERM);
      }
      Access.require(file.inode(), task.credentials(), access);
      if (name.equals("user.")) {
        throw ErrnoException.of(Errno.EINVAL);
      }
    } else if (name.startsWith("trusted.")) {
      if (!task.credentials().isPrivileged()) {
        throw ErrnoException.of(access == Access.READ ? Errno.ENODATA : Errno.EPERM);
      }
    } else if (name.startsWith("security.")) {
      if (access == Access.WRITE && !task.credentials().isPrivileged()) {
        throw ErrnoException.of(Errno.EPERM);
      }
    } else {
      throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
  }

  // ---- the calls

  static long get(Task task, Supplier<Target> file, long nameAddress, long buffer, long size) {
    String name = name(task, nameAddress);
    Target target = file.get();
    requireAllowed(task, target, name, Access.READ);
    byte[] value = target.attributes().get(name);
    if (value == null) {
      return -Errno.ENODATA;
    }
    return give(task, value, buffer, size);
  }

  private static long give(Task task, byte[] bytes, long buffer, long size) {
    if (size == 0) {
      return bytes.length;
    }
    if (Long.compareUnsigned(bytes.length, size) > 0) {
      return -Errno.ERANGE;
    }
    if (bytes.length > 0) {
      task.memory().write(buffer, bytes, 0, bytes.length);
    }
    return bytes.length;
  }

  static long set(
      Task task, Supplier<Target> file, long nameAddress, long buffer, long size, int flags) {
    if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) != 0) {
      return -Errno.EINVAL;
    }
    String name = name(task, nameAddress);
    if (Long.compareUnsigned(size, SIZE_MAX) > 0) {
      return -Errno.E2BIG;
    }
    byte[] value = new byte[(int) size];
    if (value.length > 0) {
      task.memory().read(buffer, value, 0, value.length);
    }
    Target target = file.get();
    target.requireWritable();
    requireAllowed(task, target, name, Access.WRITE);
    ExtendedAttributes attributes = target.attributes();
    boolean there = attributes.get(name) != null;
    if (there && (flags & XATTR_CREATE) != 0) {
      return -Errno.EEXIST;
    }
    if (!there && (flags & XATTR_REPLACE) != 0) {
      return -Errno.ENODATA;
    }
    attributes.set(name, value);
    return 0;
  }

  static long list(Task task, Supplier<Target> file, long buffer, long size) {
    ExtendedAttributes attributes = file.get().attributesOrNull();
    ByteArrayOutputStream names = new ByteArrayOutputStream();
    if (attributes != null) {
      for (String name : attributes.names()) {
        names.writeBytes(name.getBytes(StandardCharsets.ISO_8859_1));
        names.write(0);
      }
    }
    return give(task, names.toByteArray(), buffer, size);
  }

  static long remove(Task task, Supplier<Target> file, long nameAddress) {
    String name = name(task, nameAddress);
    Target target = file.get();
    target.requireWritable();
    requireAllowed(task, target, name, Access.WRITE);
    return target.attributes().remove(name) ? 0 : -Errno.ENODATA;
  }
}
