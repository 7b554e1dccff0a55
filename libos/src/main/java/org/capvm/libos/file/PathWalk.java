package org.capvm.libos.file;

import java.util.ArrayDeque;
import java.util.Deque;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * Walks one path as Linux's {@code namei} does (path_resolution(7)): component by component, each
 * directory searched with the caller's rights, {@code ..} stopping at the caller's root, mounts
 * crossed both ways, at most 40 symbolic links.
 *
 * <p>The walk never hands a path to the host: it asks file systems for one name at a time. One use,
 * one thread.
 */
public final class PathWalk {
  /** The longest path, in bytes, with its closing NUL. */
  public static final int PATH_MAX = 4096;

  /** {@code openat2}: stay beneath the start. */
  public static final int RESOLVE_BENEATH = 0x08;

  /** {@code openat2}: treat the start as the root. */
  public static final int RESOLVE_IN_ROOT = 0x10;

  /** {@code openat2}: follow no symbolic link. */
  public static final int RESOLVE_NO_SYMLINKS = 0x04;

  /** {@code openat2}: follow no link of {@code /proc}. */
  public static final int RESOLVE_NO_MAGICLINKS = 0x02;

  /** {@code openat2}: stay on one mount. */
  public static final int RESOLVE_NO_XDEV = 0x01;

  private static final int SYMLINK_LIMIT = 40;

  /** What the last component was. */
  public enum Last {
    /** A name. */
    NAME,
    /** {@code .}, or a path of slashes only, or a link of {@code /proc}. */
    DOT,
    /** {@code ..}. */
    DOT_DOT,
    /** The root itself, from slashes alone. */
    ROOT
  }

  /**
   * Where a walk ended.
   *
   * @param directory where the last name was looked up; for other ends, the end itself
   * @param name the last component, if it is a name
   * @param found the place, mounts crossed; null if the name does not exist
   * @param trailingSlash whether the path demands a directory
   */
  public record End(
      Location directory, String name, Last last, Location found, boolean trailingSlash) {

    /**
     * The place found; ENOENT if there is none, ENOTDIR if the path demands a directory and it is
     * none.
     */
    public Location existing() {
      if (found == null) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      if (trailingSlash && !found.inode().isDirectory()) {
        throw ErrnoException.of(Errno.ENOTDIR);
      }
      return found;
    }

    /** What {@code stat} says of the place. */
    public FileStatus status() {
      Inode inode = existing().inode();
      return last == Last.NAME ? inode.statusWhenFound() : inode.status();
    }

    /** What says who may do what with the place. */
    public FileStatus permissions() {
      Inode inode = existing().inode();
      return last == Last.NAME ? inode.permissionsWhenFound() : inode.permissions();
    }

    /** Refuses with an errno ends that are not names. */
    public End requireName(int errno) {
      if (last != Last.NAME) {
        throw ErrnoException.of(errno);
      }
      return this;
    }
  }

  /**
   * Besides the {@code RESOLVE_} flags: a last name that is too long is taken as one that is not
   * there, for a call that has more to check before it says ENAMETOOLONG.
   */
  public static final int TAKE_LONG_LAST = 1 << 30;

  private final Caller caller;
  private final int resolve;
  private final Location root;
  private final Deque<String> pending = new ArrayDeque<>(2);
  private Location current;
  private String path;
  private int position;
  private int linksFollowed;
  private boolean trailingSlash;

  private PathWalk(Caller caller, Location start, String path, int resolve) {
    this.caller = caller;
    this.resolve = resolve;
    this.path = path;
    root =
        (resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH)) != 0 ? start : caller.fileSystem().root();
    current = start;
  }

  /**
   * Walks to an existing place.
   *
   * @param start where a relative path starts
   * @param followLast whether a symbolic link at the end is followed
   */
  public static Location find(Caller caller, Location start, String path, boolean followLast) {
    return walk(caller, start, path, followLast, 0).existing();
  }

  /**
   * Walks a path, of which only the last component may be missing.
   *
   * @param path one byte per character
   * @param resolve {@code RESOLVE_} flags of openat2
   */
  public static End walk(
      Caller caller, Location start, String path, boolean followLast, int resolve) {
    if (path.isEmpty()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (path.length() >= PATH_MAX) {
      throw ErrnoException.of(Errno.ENAMETOOLONG);
    }
    return new PathWalk(caller, start, path, resolve).run(followLast);
  }

  private End run(boolean followLast) {
    Last last = Last.DOT;
    if (path.charAt(0) == '/') {
      toRoot();
      last = Last.ROOT;
    }
    while (true) {
      skipSlashes();
      if (position == path.length()) {
        if (pending.isEmpty()) {
          return new End(current, null, last, current, true);
        }
        resume();
        continue;
      }
      String name = nextName();
      Directory directory = current.directory();
      Access.require(directory, caller.credentials(), Access.EXECUTE);
      boolean isLast = atEnd();
      if (name.equals(".")) {
        last = Last.DOT;
        continue;
      }
      if (name.equals("..")) {
        last = Last.DOT_DOT;
        toParent();
        continue;
      }
      last = Last.NAME;
      if (name.length() > Directory.NAME_MAX) {
        if (isLast && (resolve & TAKE_LONG_LAST) != 0) {
          return new End(current, name, last, null, trailingSlash);
        }
        throw ErrnoException.of(Errno.ENAMETOOLONG);
      }
      Inode inode = directory.lookup(caller, name);
      if (inode == null) {
        if (!isLast) {
          throw ErrnoException.of(Errno.ENOENT);
        }
        return new End(current, name, last, null, trailingSlash);
      }
      if (inode.isSymbolicLink() && (!isLast || followLast || trailingSlash)) {
        Location jumped = follow(inode);
        if (jumped != null) {
          current = jumped;
          last = Last.DOT;
          if (isLast) {
            return new End(current, null, last, current, trailingSlash);
          }
        }
        continue;
      }
      Location next = cross(Location.in(current, name, inode));
      if (isLast) {
        return new End(current, name, last, next, trailingSlash);
      }
      if (!next.inode().isDirectory()) {
        throw ErrnoException.of(Errno.ENOTDIR);
      }
      current = next;
    }
  }

  /**
   * Follows a link: a jump gives where it leads, a path becomes what is walked next and null is
   * given.
   */
  private Location follow(Inode link) {
    if (++linksFollowed > SYMLINK_LIMIT || (resolve & RESOLVE_NO_SYMLINKS) != 0) {
      throw ErrnoException.of(Errno.ELOOP);
    }
    Location jump = link.magicTarget(caller);
    if (jump != null) {
      if ((resolve & RESOLVE_NO_MAGICLINKS) != 0) {
        throw ErrnoException.of(Errno.ELOOP);
      }
      if ((resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) != 0) {
        throw ErrnoException.of(Errno.EXDEV);
      }
      return jump;
    }
    String target = link.readLink(caller);
    if (target.isEmpty()) {
      throw ErrnoException.of(Errno.ENOENT);
    }
    if (position < path.length()) {
      pending.push(path.substring(position));
    }
    path = target;
    position = 0;
    trailingSlash = false;
    if (target.charAt(0) == '/') {
      toRoot();
    }
    return null;
  }

  private void toRoot() {
    if ((resolve & RESOLVE_BENEATH) != 0) {
      throw ErrnoException.of(Errno.EXDEV);
    }
    checkSameMount(root);
    current = root;
  }

  private void toParent() {
    if ((resolve & RESOLVE_BENEATH) != 0 && current.isSame(root)) {
      throw ErrnoException.of(Errno.EXDEV);
    }
    Location parent = caller.fileSystem().mounts().cross(current.parentFor(root));
    checkSameMount(parent);
    current = parent;
  }

  private Location cross(Location location) {
    Location crossed = caller.fileSystem().mounts().cross(location);
    checkSameMount(crossed);
    return crossed;
  }

  private void checkSameMount(Location next) {
    if ((resolve & RESOLVE_NO_XDEV) != 0 && next.mount() != current.mount()) {
      throw ErrnoException.of(Errno.EXDEV);
    }
  }

  private void resume() {
    path = pending.pop();
    position = 0;
  }

  private void skipSlashes() {
    while (position < path.length() && path.charAt(position) == '/') {
      position++;
    }
  }

  private String nextName() {
    int slash = path.indexOf('/', position);
    int end = slash < 0 ? path.length() : slash;
    String name = path.substring(position, end);
    position = end;
    return name;
  }

  /** Whether nothing but slashes follows; notes whether there are any. */
  private boolean atEnd() {
    boolean slashes = false;
    for (int i = position; i < path.length(); i++) {
      if (path.charAt(i) != '/') {
        return false;
      }
      slashes = true;
    }
    for (String rest : pending) {
      for (int i = 0; i < rest.length(); i++) {
        if (rest.charAt(i) != '/') {
          return false;
        }
        slashes = true;
      }
    }
    trailingSlash = slashes;
    return true;
  }
}
