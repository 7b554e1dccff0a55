package org.capvm.libos.net;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.abi.SocketType;
import org.capvm.libos.file.Access;
import org.capvm.libos.file.Caller;
import org.capvm.libos.file.Directory;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.NewFile;
import org.capvm.libos.file.PathWalk;
import org.capvm.libos.process.Task;

/**
 * Who is bound to which AF_UNIX name in one cVM: abstract names by their bytes, paths by the inode
 * that binding made, which is held as long as the socket lives, so that its identity stays.
 * Thread-safe.
 */
final class UnixNames {
  private static final int AUTOBIND_NAMES = 1 << 20;

  private final Map<String, SocketDescription> abstractNames = new HashMap<>();
  private final Map<FileIdentity, SocketDescription> files = new LinkedHashMap<>();
  private final Links links;

  /**
   * @param links where names lead that nobody here is bound to
   */
  UnixNames(Links links) {
    this.links = links;
  }

  /** What tells files apart, however they were found. */
  record FileIdentity(long device, long inode) {
    static FileIdentity of(Inode inode) {
      FileStatus status = inode.status();
      return new FileIdentity(status.device(), status.inode());
    }
  }

  /** What a socket is bound to; {@link #release} ends it. */
  record Binding(UnixAddress address, Inode inode, FileIdentity identity) {}

  /**
   * Binds a socket; for a path, makes the file.
   *
   * @throws ErrnoException EADDRINUSE, or what looking the path up gives
   */
  Binding bind(Task task, SocketDescription socket, UnixAddress address) {
    if (address.isUnnamed()) {
      return autobind(socket);
    }
    if (address.isAbstract()) {
      synchronized (this) {
        if (abstractNames.putIfAbsent(address.path(), socket) != null) {
          throw ErrnoException.of(Errno.EADDRINUSE);
        }
      }
      return new Binding(address, null, null);
    }
    Inode inode = makeFile(Caller.of(task), address.path());
    FileIdentity identity = FileIdentity.of(inode);
    synchronized (this) {
      files.put(identity, socket);
    }
    return new Binding(address, inode, identity);
  }

  /** Gives a socket an abstract name of five hexadecimal digits, as Linux does. */
  private synchronized Binding autobind(SocketDescription socket) {
    int start = ThreadLocalRandom.current().nextInt(AUTOBIND_NAMES);
    for (int tried = 0; tried < AUTOBIND_NAMES; tried++) {
      String name = "%05x".formatted((start + tried) % AUTOBIND_NAMES);
      if (abstractNames.putIfAbsent(name, socket) == null) {
        return new Binding(new UnixAddress(name, true), null, null);
      }
    }
    throw ErrnoException.of(Errno.ENOSPC);
  }

  /** Makes the file of a path, as binding does. */
  static Inode makeFile(Caller caller, String path) {
    PathWalk.End end =
        PathWalk.walk(caller, caller.fileSystem().workingDirectory(), path, false, 0);
    end.requireName(Errno.EADDRINUSE);
    if (end.found() != null) {
      throw ErrnoException.of(Errno.EADDRINUSE);
    }
    if (end.trailingSlash()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    end.directory().requireWritable();
    Directory directory = end.directory().directory();
    Access.require(directory, caller.credentials(), Access.WRITE | Access.EXECUTE);
    int mode = FileMode.S_IFSOCK | 0777;
    try {
      return directory.createNode(end.name(), NewFile.attributes(caller, directory, mode));
    } catch (ErrnoException e) {
      throw e.errno() == Errno.EEXIST ? ErrnoException.of(Errno.EADDRINUSE) : e;
    }
  }

  /**
   * The socket of a type that is bound to a name.
   *
   * @throws ErrnoException ECONNREFUSED if there is none, EPROTOTYPE if it is of another type, or
   *     what looking the path up gives
   */
  SocketDescription find(Task task, UnixAddress address, int type) {
    SocketDescription found;
    if (address.isAbstract()) {
      synchronized (this) {
        found = abstractNames.get(address.path());
      }
      if (found == null) {
        found = links.behind(address.path(), type);
      }
    } else {
      Caller caller = Caller.of(task);
      Inode inode =
          PathWalk.find(caller, caller.fileSystem().workingDirectory(), address.path(), true)
              .inode();
      Access.require(inode, caller.credentials(), Access.WRITE);
      FileIdentity identity = FileIdentity.of(inode);
      synchronized (this) {
        found = inode.type() == FileMode.S_IFSOCK ? files.get(identity) : null;
      }
      if (found == null) {
        found = links.behind(identity, type);
      }
    }
    if (found == null) {
      throw ErrnoException.of(Errno.ECONNREFUSED);
    }
    if (found.type() != type) {
      throw ErrnoException.of(Errno.EPROTOTYPE);
    }
    return found;
  }

  /**
   * The stream socket of a type that was bound last to a name in this spelling, for connections
   * through a link; null if there is none. Looks at no file: the cVM may be ending.
   */
  synchronized SocketDescription listener(UnixAddress address, int type) {
    if (type == SocketType.SOCK_DGRAM) {
      return null;
    }
    SocketDescription found = null;
    if (address.isAbstract()) {
      found = abstractNames.get(address.path());
    } else {
      byte[] name = address.encode();
      for (SocketDescription socket : files.values()) {
        if (socket.type() == type && Arrays.equals(socket.localName(), name)) {
          found = socket;
        }
      }
    }
    return found;
  }

  /** Forgets a name; the file of a path stays. */
  synchronized void release(Binding binding, SocketDescription socket) {
    if (binding.identity != null) {
      files.remove(binding.identity, socket);
    } else {
      abstractNames.remove(binding.address.path(), socket);
    }
  }
}
