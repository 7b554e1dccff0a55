package org.capvm.image;

import java.nio.file.Path;

/**
 * A host directory or file that a cVM sees.
 *
 * @param hostPath where it is on the host, absolute
 * @param guestPath where the cVM sees it, absolute, without {@code .} and {@code ..}
 * @param writable whether the cVM may change it
 */
public record HostMount(Path hostPath, String guestPath, boolean writable) {

  /** Checks the forms of both paths. */
  public HostMount {
    if (!hostPath.isAbsolute()) {
      throw new IllegalArgumentException("the host path must be absolute: " + hostPath);
    }
    if (!guestPath.startsWith("/")) {
      throw new IllegalArgumentException("the path in the cVM must be absolute: " + guestPath);
    }
    for (String name : guestPath.split("/", -1)) {
      if (name.equals(".") || name.equals("..")) {
        throw new IllegalArgumentException("the path in the cVM must not go up: " + guestPath);
      }
    }
  }
}
