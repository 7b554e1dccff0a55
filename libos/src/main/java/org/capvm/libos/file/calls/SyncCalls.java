package org.capvm.libos.file.calls;

import org.capvm.libos.abi.Errno;
import org.capvm.libos.file.DirectoryDescription;
import org.capvm.libos.file.FileDescription;
import org.capvm.libos.file.Mount;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.file.pipe.PipeEnd;
import org.capvm.libos.host.HostFilecalls;
import org.capvm.libos.process.Task;

/** Writing back, and hints about what will be read. */
final class SyncCalls {
  private static final int MAX_ADVICE = 5;
  private static final int MAX_SYNC_FLAGS = 7;

  private SyncCalls() {}

  static long fsync(Task task, int descriptor, boolean dataOnly) {
    FileDescription file = task.files().get(descriptor);
    try {
      file.sync(dataOnly);
      return 0;
    } finally {
      file.release();
    }
  }

  static long sync(Task task) {
    for (Mount mount : task.fileSystem().mounts().mounts()) {
      mount.fileSystem().sync();
    }
    return 0;
  }

  static long syncfs(Task task, int descriptor) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (file.location() != null) {
        file.location().mount().fileSystem().sync();
      }
      return 0;
    } finally {
      file.release();
    }
  }

  static long syncFileRange(Task task, int descriptor, long offset, long length, int flags) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (offset < 0
          || length < 0
          || offset > Long.MAX_VALUE - length
          || (flags & ~MAX_SYNC_FLAGS) != 0) {
        return -Errno.EINVAL;
      }
      if (file instanceof DirectoryDescription) {
        return 0;
      }
      if (!(file instanceof RegularFile)) {
        return -Errno.ESPIPE;
      }
      return HostFilecalls.syncRange(file.hostDescriptor(), offset, length, flags);
    } finally {
      file.release();
    }
  }

  static long fadvise(Task task, int descriptor, long offset, long length, int advice) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (file instanceof PipeEnd) {
        return -Errno.ESPIPE;
      }
      if (length < 0 || advice < 0 || advice > MAX_ADVICE) {
        return -Errno.EINVAL;
      }
      if (file instanceof RegularFile) {
        return HostFilecalls.advise(file.hostDescriptor(), offset, length, advice);
      }
      return 0;
    } finally {
      file.release();
    }
  }

  static long readahead(Task task, int descriptor, long length) {
    FileDescription file = task.files().get(descriptor);
    try {
      if (!file.isReadable()) {
        return -Errno.EBADF;
      }
      return file instanceof RegularFile && length >= 0 ? 0 : -Errno.EINVAL;
    } finally {
      file.release();
    }
  }
}
