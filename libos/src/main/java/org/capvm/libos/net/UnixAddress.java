package org.capvm.libos.net;

import static org.capvm.libos.abi.AddressFamily.AF_UNIX;

import java.nio.charset.StandardCharsets;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * The name of an AF_UNIX socket: none, a path, or an abstract name.
 *
 * @param path the name, one byte per character, without the closing NUL of a path or the leading
 *     NUL of an abstract name
 * @param isAbstract whether the name is in the cVM's table of abstract names
 */
public record UnixAddress(String path, boolean isAbstract) {
  /** A socket that was never bound. */
  public static final UnixAddress UNNAMED = new UnixAddress("", false);

  private static final int FAMILY_BYTES = 2;
  private static final int STRUCTURE_BYTES = 110;

  /**
   * What the guest passed. An address of the family alone is {@link #UNNAMED}.
   *
   * @throws ErrnoException EINVAL for another family or length
   */
  public static UnixAddress parse(byte[] bytes) {
    if (bytes.length < FAMILY_BYTES
        || bytes.length > STRUCTURE_BYTES
        || InternetAddress.familyOf(bytes) != AF_UNIX) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    if (bytes.length == FAMILY_BYTES) {
      return UNNAMED;
    }
    String name =
        new String(bytes, FAMILY_BYTES, bytes.length - FAMILY_BYTES, StandardCharsets.ISO_8859_1);
    if (name.charAt(0) == 0) {
      return new UnixAddress(name.substring(1), true);
    }
    int end = name.indexOf(0);
    return new UnixAddress(end < 0 ? name : name.substring(0, end), false);
  }

  /** Whether there is no name. */
  public boolean isUnnamed() {
    return !isAbstract && path.isEmpty();
  }

  /** The {@code sockaddr_un}, as long as the name makes it. */
  public byte[] encode() {
    if (isUnnamed()) {
      return new byte[] {AF_UNIX, 0};
    }
    byte[] name = path.getBytes(StandardCharsets.ISO_8859_1);
    byte[] bytes = new byte[FAMILY_BYTES + 1 + name.length];
    bytes[0] = AF_UNIX;
    System.arraycopy(name, 0, bytes, FAMILY_BYTES + (isAbstract ? 1 : 0), name.length);
    return bytes;
  }
}
