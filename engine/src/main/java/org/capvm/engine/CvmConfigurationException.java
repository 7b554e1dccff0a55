package org.capvm.engine;

/** A configuration asks for something that is not there, a missing host directory for instance. */
public final class CvmConfigurationException extends CapVmException {
  private static final long serialVersionUID = 1;

  CvmConfigurationException(String message, Throwable cause) {
    super(message, cause);
  }
}
