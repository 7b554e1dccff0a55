package org.capvm.libos.ipc;

/** Linux's names for what the calls on the three kinds of objects have in common. */
final class IpcConstants {
  static final int IPC_PRIVATE = 0;
  static final int IPC_CREAT = 01000;
  static final int IPC_EXCL = 02000;
  static final int IPC_NOWAIT = 04000;
  static final int IPC_RMID = 0;
  static final int IPC_SET = 1;
  static final int IPC_STAT = 2;
  static final int IPC_INFO = 3;
  static final int S_IRUGO = 0444;
  static final int S_IWUGO = 0222;
  static final int S_IXUGO = 0111;
  static final int S_IRWXUGO = 0777;

  private IpcConstants() {}
}
