package org.capvm.engine;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a program in a cVM begins with.
 *
 * @param program the program's path in the cVM; without a slash it is looked for in the {@code
 *     PATH} of {@code environment}
 * @param arguments the words after the program's own name
 * @param environment the environment variables, in the order the program sees them
 * @param workingDirectory an absolute path in the cVM
 * @param standardInput what descriptor 0 is connected to
 * @param standardOutput what descriptor 1 is connected to
 * @param standardError what descriptor 2 is connected to
 */
public record ProgramStart(
    String program,
    List<String> arguments,
    Map<String, String> environment,
    String workingDirectory,
    StandardStream standardInput,
    StandardStream standardOutput,
    StandardStream standardError) {

  /** Checks what can be checked without looking at the cVM. */
  public ProgramStart {
    if (program.isEmpty()) {
      throw new IllegalArgumentException("the program's name is empty");
    }
    arguments = List.copyOf(arguments);
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    if (!workingDirectory.startsWith("/")) {
      throw new IllegalArgumentException(
          "the working directory must be an absolute path in the cVM: " + workingDirectory);
    }
    Objects.requireNonNull(standardInput);
    Objects.requireNonNull(standardOutput);
    Objects.requireNonNull(standardError);
  }
}
