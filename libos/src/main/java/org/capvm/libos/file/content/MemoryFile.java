package org.capvm.libos.file.content;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.FileMode;
import org.capvm.libos.abi.OpenFlags;
import org.capvm.libos.file.AnonymousInodes;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.host.HostStatus;
import org.capvm.libos.host.HostPathcalls;
import org.capvm.libos.host.Hostcalls;
import org.capvm.libos.memory.MemoryLimit;

/**
 * What {@code memfd_create} makes: a file in memory without a name, on a host memory file that also
 * keeps the seals.
 */
public final class MemoryFile extends RegularFile {
  private static final int PERMISSIONS = 0777;

  private final String name;
  private final FileStatus made;

  private MemoryFile(String name, HostContent content, FileStatus made) {
    super(null, OpenFlags.O_RDWR | OpenFlags.O_LARGEFILE, content);
    this.name = name;
    this.made = made;
  }

  /** The cVM's memory as what bytes of files are taken from. */
  private record Memory(MemoryLimit limit) implements Charge.Room {
    @Override
    public boolean takeBytes(long count) {
      return limit.tryTake(count, 0);
    }

    @Override
    public void giveBytes(long count) {
      limit.give(count, 0);
    }

    @Override
    public long bytesLeft() {
      return Math.max(0, limit.limitBytes() - limit.usedBytes());
    }
  }

  /**
   * Takes over a host memory file, whose descriptor was taken from a budget.
   *
   * @param memory what the file's bytes are charged to
   */
  public static MemoryFile of(
      String name, int hostDescriptor, DescriptorBudget budget, MemoryLimit memory) {
    FileStatus made = AnonymousInodes.status(FileMode.S_IFREG | PERMISSIONS);
    HostContent.Identity identity =
        new HostContent.Identity(() -> path(name), made.device(), made.inode(), null);
    Charge charge = new Charge(new Memory(memory));
    return new MemoryFile(
        name, new HostContent(hostDescriptor, true, identity, charge, budget), made);
  }

  private static String path(String name) {
    return "/memfd:" + name + " (deleted)";
  }

  @Override
  public String describe(Location root) {
    return path(name);
  }

  @Override
  public FileStatus status() {
    HostStatus status = new HostStatus();
    ErrnoException.check(HostPathcalls.status(hostDescriptor(), status));
    return status.status(0).withIdentity(made.device(), made.inode());
  }

  @Override
  public void addSeals(int seals) {
    ErrnoException.check(Hostcalls.fcntl(hostDescriptor(), OpenFlags.F_ADD_SEALS, seals));
  }

  @Override
  public int seals() {
    return (int) ErrnoException.check(Hostcalls.fcntl(hostDescriptor(), OpenFlags.F_GET_SEALS, 0));
  }
}
