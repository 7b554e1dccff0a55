package org.capvm.libos.file.shared;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Supplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.capability.CapabilityFamily;
import org.capvm.libos.file.synthetic.SyntheticFileSystem;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.channel.Compartment;
import org.capvm.monitor.channel.CpFile;
import org.capvm.monitor.channel.SharedCapability;

/**
 * Makes a cVM's {@code /cap}: a directory for each cVM that has granted it a CP_File, and in it the
 * CP_Files as files of fixed length. {@code /cap/OWNER/NAME} is what {@code cp_file_open} calls
 * {@code OWNER/NAME}.
 *
 * <p>Opening such a file opens the CP_File; its rights count, for the superuser too.
 */
public final class SharedFiles {
  private static final long CAPFS_MAGIC = 0x63617066;

  private SharedFiles() {}

  /** The file system of what is granted to a cVM, at any time the names of that moment. */
  public static SyntheticFileSystem make(Compartment compartment) {
    SyntheticFileSystem fileSystem = new SyntheticFileSystem("capfs", CAPFS_MAGIC);
    fileSystem.setRoot(new OwnersDirectory(fileSystem, compartment));
    return fileSystem;
  }

  /** Names of CP_Files as the library OS has names: a character is a byte. */
  static List<String> names(Compartment compartment) {
    return compartment.fileNames().stream()
        .map(name -> new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1))
        .toList();
  }

  /**
   * Opens a CP_File; whoever opens it closes it.
   *
   * @param path the owner's name, a slash and the file's
   * @throws ErrnoException ENOENT if it is not there any more, ENOSPC
   */
  static CpFile open(Compartment compartment, String path) {
    String name = new String(path.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    SharedCapability opened = attempt(() -> compartment.open(name));
    if (opened instanceof CpFile file) {
      return file;
    }
    // The owner has given the name to a function or a stream since it was looked up.
    opened.close();
    throw ErrnoException.of(Errno.ENOENT);
  }

  /** Does something that a capability may refuse. */
  static <T> T attempt(Supplier<T> action) {
    try {
      return action.get();
    } catch (CapabilityException refusal) {
      throw ErrnoException.of(CapabilityFamily.errno(refusal));
    }
  }

  /** A number for a name that is the same whenever it is looked up. */
  static long number(String path) {
    return (1L << 32) + Integer.toUnsignedLong(path.hashCode());
  }
}
