package org.capvm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * The keys of one section of a YAML file, checked against the table of keys, that remember where
 * they stand.
 */
final class ComposeTable {
  private final String file;
  private final String path;
  private final MappingNode node;
  private final Map<String, Node> values = new LinkedHashMap<>();

  private ComposeTable(String file, String path, Node node) {
    this.file = file;
    this.path = path;
    if (!(node instanceof MappingNode mapping)) {
      throw error(file, node, path, "keys are expected here");
    }
    this.node = mapping;
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        throw error(file, tuple.getKeyNode(), path, "a key must be a word");
      }
      if (values.put(key.getValue(), tuple.getValueNode()) != null) {
        throw error(file, key, child(path, key.getValue()), "stands here twice");
      }
    }
  }

  /**
   * Reads and checks a file.
   *
   * @throws ComposeException if it is not YAML, or not what {@link ComposeKey#FILE} says
   * @throws IOException if it cannot be read
   */
  static ComposeTable read(Path path) throws IOException {
    String file = path.toString();
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(file)
            .setMaxAliasesForCollections(50)
            .setAllowDuplicateKeys(true)
            .build();
    try {
      Node node =
          new Compose(settings)
              .composeString(Files.readString(path))
              .orElseThrow(() -> new ComposeException(file + ":1: the file is empty"));
      ComposeTable table = new ComposeTable(file, "", node);
      table.check(ComposeKey.FILE);
      return table;
    } catch (MarkedYamlEngineException failure) {
      String where =
          failure
              .getProblemMark()
              .map(mark -> ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1))
              .orElse("");
      throw new ComposeException(file + where + ": " + failure.getProblem());
    } catch (YamlEngineException failure) {
      throw new ComposeException(file + ": " + failure.getMessage());
    }
  }

  private void check(ComposeKey.Section section) {
    values.forEach(
        (name, value) -> {
          ComposeKey key =
              section.keys().stream()
                  .filter(known -> known.name().equals(name))
                  .findFirst()
                  .orElseThrow(
                      () ->
                          error(
                              name,
                              "unknown key; known are "
                                  + String.join(
                                      ", ",
                                      section.keys().stream().map(ComposeKey::name).toList())));
          check(key.type(), value, child(path, name));
        });
    for (ComposeKey key : section.keys()) {
      if (key.required() && !values.containsKey(key.name())) {
        throw error(file, node, child(path, key.name()), "is missing");
      }
    }
  }

  private void check(ComposeKey.Type type, Node value, String at) {
    switch (type) {
      case ComposeKey.Text(String pattern, String form) -> {
        if (!(value instanceof ScalarNode scalar) || !scalar.getValue().matches(pattern)) {
          throw error(file, value, at, "must be " + form);
        }
      }
      case ComposeKey.Choice(List<String> words) -> {
        if (!(value instanceof ScalarNode scalar) || !words.contains(scalar.getValue())) {
          throw error(file, value, at, "must be one of " + String.join(", ", words));
        }
      }
      case ComposeKey.Texts(ComposeKey.Text element) ->
          elements(value, at).forEach(one -> check(element, one, at));
      case ComposeKey.TextMap(ComposeKey.Type element) ->
          new ComposeTable(file, at, value)
              .values.forEach((name, one) -> check(element, one, child(at, name)));
      case ComposeKey.Section section -> new ComposeTable(file, at, value).check(section);
      case ComposeKey.Sections(ComposeKey.Text name, ComposeKey.Section element) ->
          new ComposeTable(file, at, value)
              .values.forEach(
                  (key, one) -> {
                    if (!key.matches(name.pattern())) {
                      throw error(file, one, child(at, key), "is not " + name.form());
                    }
                    new ComposeTable(file, child(at, key), one).check(element);
                  });
      case ComposeKey.SectionList(ComposeKey.Section element) ->
          elements(value, at).forEach(one -> new ComposeTable(file, at, one).check(element));
    }
  }

  private List<Node> elements(Node value, String at) {
    if (value instanceof SequenceNode sequence) {
      return sequence.getValue();
    }
    throw error(file, value, at, "must be a list");
  }

  /** The names in it, in the file's order. */
  List<String> names() {
    return List.copyOf(values.keySet());
  }

  /** The word at a key. */
  Optional<String> text(String key) {
    return Optional.ofNullable(values.get(key)).map(value -> ((ScalarNode) value).getValue());
  }

  /** The words at a key; empty if it is not there. */
  List<String> texts(String key) {
    List<String> texts = new ArrayList<>();
    if (values.get(key) instanceof SequenceNode sequence) {
      sequence.getValue().forEach(element -> texts.add(((ScalarNode) element).getValue()));
    }
    return texts;
  }

  /** The keys at a key. */
  Optional<ComposeTable> table(String key) {
    return Optional.ofNullable(values.get(key))
        .map(value -> new ComposeTable(file, child(path, key), value));
  }

  /** The sets of keys in the list at a key; empty if it is not there. */
  List<ComposeTable> tableList(String key) {
    List<ComposeTable> tables = new ArrayList<>();
    if (values.get(key) instanceof SequenceNode sequence) {
      for (Node element : sequence.getValue()) {
        tables.add(new ComposeTable(file, child(path, key), element));
      }
    }
    return tables;
  }

  /**
   * Has the value of a key read by what throws {@link RuntimeException}s for values that cannot be.
   *
   * @throws ComposeException with the same message and the key's place
   */
  <T> T at(String key, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (ComposeException placed) {
      throw placed;
    } catch (RuntimeException failure) {
      throw error(key, failure.getMessage());
    }
  }

  /** What is wrong with a key. */
  ComposeException error(String key, String message) {
    return error(file, values.getOrDefault(key, node), child(path, key), message);
  }

  private static String child(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static ComposeException error(String file, Node node, String path, String message) {
    String where =
        node.getStartMark()
            .map(mark -> ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1))
            .orElse("");
    return new ComposeException(
        file + where + ": " + (path.isEmpty() ? "" : path + ": ") + message);
  }
}
