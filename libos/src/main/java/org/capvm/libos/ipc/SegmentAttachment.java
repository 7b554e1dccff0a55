package org.capvm.libos.ipc;

import org.capvm.libos.memory.MappedFile;
import org.capvm.libos.process.Task;
import org.capvm.machine.code.CodeOrigin;

/**
 * A segment as one {@code shmat} mapped it, and as forks copied that. Areas that map it are the
 * segment's attachments; the last one to go takes a segment that was removed with it. Thread-safe.
 */
final class SegmentAttachment implements MappedFile {
  private static final long KERNEL_FILES = 1;

  private final IpcNamespace namespace;
  private final SharedSegment segment;
  private final boolean writable;
  private final String path;

  SegmentAttachment(IpcNamespace namespace, SharedSegment segment, boolean writable) {
    this.namespace = namespace;
    this.segment = segment;
    this.writable = writable;
    this.path = String.format("/SYSV%08x (deleted)", segment.key());
  }

  @Override
  public int hostDescriptor() {
    return segment.memory().hostDescriptor();
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public long device() {
    return KERNEL_FILES;
  }

  @Override
  public long inode() {
    return segment.id();
  }

  @Override
  public boolean isWritable() {
    return writable;
  }

  @Override
  public CodeOrigin origin(long fileOffset) {
    return null;
  }

  @Override
  public void retain() {
    synchronized (namespace) {
      segment.attach();
    }
  }

  @Override
  public void release() {
    synchronized (namespace) {
      segment.detach();
      removeIfOver();
    }
  }

  /** Takes back a {@link SharedSegment#hold}. */
  void letGo() {
    synchronized (namespace) {
      segment.letGo();
      removeIfOver();
    }
  }

  /** Notes who was the last to attach or detach. */
  void usedBy(Task task) {
    synchronized (namespace) {
      segment.usedBy(task);
    }
  }

  private void removeIfOver() {
    if (segment.isOver()) {
      namespace.segments.remove(segment);
    }
  }
}
