package org.capvm.libos.file.layer;

import org.capvm.libos.file.ExtendedAttributes;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.FileSystem;
import org.capvm.libos.file.Inode;
import org.capvm.libos.file.Timestamp;

/** What all but directories of a layered file system share: attributes, and a count of names. */
abstract class LayeredNode extends Inode {
  final LayeredFileSystem fileSystem;
  final NodeState state;

  LayeredNode(LayeredFileSystem fileSystem, NodeState state) {
    this.fileSystem = fileSystem;
    this.state = state;
  }

  @Override
  public FileSystem fileSystem() {
    return fileSystem;
  }

  @Override
  public FileStatus permissions() {
    return state.status(fileSystem.device(), 0, 0);
  }

  @Override
  public void changeMode(int permissions) {
    state.changeMode(permissions);
  }

  @Override
  public void changeOwner(int uid, int gid) {
    state.changeOwner(uid, gid);
  }

  @Override
  public void changeTimes(Timestamp access, Timestamp modification) {
    state.changeTimes(access, modification);
  }

  @Override
  public ExtendedAttributes extendedAttributes() {
    return state;
  }

  /** One name more. Called with the tree lock held. */
  void linked() {
    state.addLinks(1);
  }

  /** One name less; the last one frees what nobody has open. Called with the tree lock held. */
  void unlinked() {
    if (state.addLinks(-1) == 0) {
      state.free();
    }
  }

  /** The file system goes away. */
  void releaseAll() {}
}
