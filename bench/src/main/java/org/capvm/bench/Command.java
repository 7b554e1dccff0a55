package org.capvm.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A command line, its working directory and where its output goes.
 *
 * @param words the program and its arguments
 * @param directory the working directory, the same natively and in a cVM
 */
record Command(List<String> words, Path directory) {
  Command {
    words = List.copyOf(words);
  }

  static Command of(Path directory, String... words) {
    return new Command(List.of(words), directory);
  }

  /** The words after the program. */
  List<String> arguments() {
    return words.subList(1, words.size());
  }

  /** The same command with one more argument. */
  Command with(String argument) {
    List<String> all = new ArrayList<>(words);
    all.add(argument);
    return new Command(all, directory);
  }

  /** The same command behind another one that starts it. */
  Command behind(List<String> starter) {
    List<String> all = new ArrayList<>(starter);
    all.addAll(words);
    return new Command(all, directory);
  }
}
