package org.capvm.libos.file.content;

import static org.capvm.libos.abi.Whence.SEEK_END;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.memory.MappedFile;
import org.capvm.machine.code.CodeOrigin;

/**
 * A host descriptor with the bytes of one regular file, shared by the open files and mappings that
 * use it; the last one to release it closes the descriptor.
 *
 * <p>Threads: any.
 */
public final class HostContent implements MappedFile {
  /**
   * What maps and translations call the file.
   *
   * @param path gives what {@code /proc/PID/maps} shows; asked for once, if the file is mapped
   * @param device number that the guest sees
   * @param inode number that the guest sees
   * @param code where translations of its code may be shared; null for files that a guest can
   *     change
   */
  public record Identity(Supplier<String> path, long device, long inode, CodeSource code) {}

  /** What tells the code in one unchanging host file from all other. */
  public record CodeSource(long hostDevice, long hostInode, long generation) {}

  private final AtomicInteger references = new AtomicInteger(1);
  private final int hostDescriptor;
  private final boolean writable;
  private final Identity identity;
  private final Charge charge;
  private final DescriptorBudget budget;
  private volatile boolean mapped;
  private volatile String path;

  /**
   * Takes over a descriptor, and what was taken from a budget for it.
   *
   * @param charge what the file's growth is charged to, or null for files that are not the cVM's
   *     own
   * @param budget what the descriptor was taken from, or null
   */
  public HostContent(
      int hostDescriptor,
      boolean writable,
      Identity identity,
      Charge charge,
      DescriptorBudget budget) {
    this.hostDescriptor = hostDescriptor;
    this.writable = writable;
    this.identity = identity;
    this.charge = charge;
    this.budget = budget;
  }

  /** An empty file of a store; its descriptor is taken from a budget, which may be null. */
  public static HostContent create(
      ContentStore store, Identity identity, Charge charge, DescriptorBudget budget) {
    if (budget != null) {
      budget.take();
    }
    try {
      return new HostContent(store.create(), true, identity, charge, budget);
    } catch (ErrnoException failed) {
      if (budget != null) {
        budget.give();
      }
      throw failed;
    }
  }

  @Override
  public int hostDescriptor() {
    return hostDescriptor;
  }

  @Override
  public String path() {
    String known = path;
    if (known == null) {
      known = identity.path.get();
      path = known;
    }
    return known;
  }

  @Override
  public long device() {
    return identity.device;
  }

  @Override
  public long inode() {
    return identity.inode;
  }

  @Override
  public boolean isWritable() {
    return writable;
  }

  @Override
  public CodeOrigin origin(long fileOffset) {
    CodeSource code = identity.code;
    return code == null
        ? null
        : new CodeOrigin(code.hostDevice, code.hostInode, code.generation, fileOffset);
  }

  /** Sets the file's length. */
  public void truncate(long size) {
    if (charge != null && mapped) {
      charge.requireTo(size);
    }
    ErrnoException.check(Hostcalls.ftruncate(hostDescriptor, size));
    if (charge != null) {
      charge.shrink(size);
    }
  }

  /** Charges for what a mapping could fill without a call. */
  void chargeForMapping() {
    if (charge != null) {
      mapped = true;
      charge.requireTo(ErrnoException.check(Hostcalls.lseek(hostDescriptor, 0, SEEK_END)));
    }
  }

  /** This, as seen through an open file that may or may not be written. */
  MappedFile as(boolean openForWriting) {
    return openForWriting == writable ? this : new ReadOnlyView(this);
  }

  /** The same file mapped through a descriptor that was opened for reading. */
  private record ReadOnlyView(HostContent content) implements MappedFile {
    @Override
    public int hostDescriptor() {
      return content.hostDescriptor;
    }

    @Override
    public String path() {
      return content.path();
    }

    @Override
    public long device() {
      return content.device();
    }

    @Override
    public long inode() {
      return content.inode();
    }

    @Override
    public boolean isWritable() {
      return false;
    }

    @Override
    public CodeOrigin origin(long fileOffset) {
      return content.origin(fileOffset);
    }

    @Override
    public void retain() {
      content.retain();
    }

    @Override
    public void release() {
      content.release();
    }
  }

  /** What the file's growth is charged to, or null. */
  public Charge charge() {
    return charge;
  }

  @Override
  public void retain() {
    references.incrementAndGet();
  }

  /** One more user, unless the last one is gone and the bytes with it. */
  public boolean tryRetain() {
    return references.getAndUpdate(count -> count == 0 ? 0 : count + 1) != 0;
  }

  /** Takes the last reference away if it is the only one: nobody can retain this any more. */
  public boolean retireUnused() {
    return references.compareAndSet(1, 0);
  }

  /** Takes back {@link #retireUnused}. */
  public void revive() {
    references.set(1);
  }

  /**
   * Closes the descriptor of a file that nobody can use, whatever became of its content.
   *
   * @param giveBack whether what the file was charged is given back
   */
  public void abandon(boolean giveBack) {
    Hostcalls.close(hostDescriptor);
    if (budget != null) {
      budget.give();
    }
    if (giveBack && charge != null) {
      charge.shrink(0);
    }
  }

  @Override
  public void release() {
    if (references.decrementAndGet() == 0) {
      abandon(true);
    }
  }
}
