package org.capvm.libos.file;

import org.capvm.libos.abi.FileMode;

/** What a new file starts with: the wanted mode without the umask, its creator as owner. */
public final class NewFile {
  private NewFile() {}

  /**
   * The attributes of a new file; a set-group-id directory hands down its group.
   *
   * @param mode type and permission bits, before the umask
   */
  public static Directory.Attributes attributes(Caller caller, Inode directory, int mode) {
    int masked = mode & ~caller.fileSystem().umask();
    FileStatus parent = directory.status();
    int gid = caller.credentials().fsgid();
    if ((parent.mode() & FileMode.S_ISGID) != 0) {
      gid = parent.gid();
      if ((mode & FileMode.S_IFMT) == FileMode.S_IFDIR) {
        masked |= FileMode.S_ISGID;
      }
    }
    return new Directory.Attributes(masked, caller.credentials().fsuid(), gid);
  }
}
