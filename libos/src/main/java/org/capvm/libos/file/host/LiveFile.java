package org.capvm.libos.file.host;

import org.capvm.libos.ErrnoException;
import org.capvm.libos.file.FileStatus;
import org.capvm.libos.file.Location;
import org.capvm.libos.file.content.HostContent;
import org.capvm.libos.file.content.RegularFile;
import org.capvm.libos.host.HostPathcalls;

/**
 * An open file of a host directory that the guest sees as it is: its status is the open file's, not
 * the name's.
 */
final class LiveFile extends RegularFile {
  private final long device;

  LiveFile(Location location, int flags, HostContent content, long device) {
    super(location, flags, content);
    this.device = device;
  }

  @Override
  public FileStatus status() {
    HostStatus status = new HostStatus();
    ErrnoException.check(HostPathcalls.status(hostDescriptor(), status));
    return status.status(device);
  }
}
