package org.capvm.engine;

/**
 * CapVM could not do what it was asked; the message names the object and, if there is one, the
 * remedy.
 */
public sealed class CapVmException extends RuntimeException
    permits ProgramNotStartedException, CvmConfigurationException {
  private static final long serialVersionUID = 1;

  CapVmException(String message) {
    super(message);
  }

  CapVmException(String message, Throwable cause) {
    super(message, cause);
  }
}
