package org.capvm.cli;

import java.util.List;
import java.util.stream.Collectors;

/** The table of keys as a JSON schema, and as a page for people. */
final class ComposeSchema {
  private ComposeSchema() {}

  /** A JSON schema, draft 2020-12, of files for {@code cvm up}. */
  static String json() {
    String body = json(ComposeKey.FILE, "  ");
    return "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
        + "  \"title\": \"cvm.yaml\","
        + body.substring(1)
        + "\n";
  }

  private static String json(ComposeKey.Type type, String indent) {
    return switch (type) {
      case ComposeKey.Text(String pattern, _) ->
          "{\"type\": [\"string\", \"number\", \"boolean\"], \"pattern\": "
              + quoted("^(" + pattern + ")$")
              + "}";
      case ComposeKey.Choice(List<String> words) ->
          "{\"enum\": "
              + words.stream()
                  .map(ComposeSchema::quoted)
                  .collect(Collectors.joining(", ", "[", "]"))
              + "}";
      case ComposeKey.Texts(ComposeKey.Text element) ->
          "{\"type\": \"array\", \"items\": " + json(element, indent) + "}";
      case ComposeKey.TextMap(ComposeKey.Type value) ->
          "{\"type\": \"object\", \"additionalProperties\": " + json(value, indent) + "}";
      case ComposeKey.Section(List<ComposeKey> keys) -> section(keys, indent);
      case ComposeKey.Sections(ComposeKey.Text name, ComposeKey.Section element) ->
          "{\"type\": \"object\", \"propertyNames\": {\"pattern\": "
              + quoted("^(" + name.pattern() + ")$")
              + "}, \"additionalProperties\": "
              + json(element, indent)
              + "}";
      case ComposeKey.SectionList(ComposeKey.Section element) ->
          "{\"type\": \"array\", \"items\": " + json(element, indent) + "}";
    };
  }

  private static String section(List<ComposeKey> keys, String indent) {
    String deeper = indent + "  ";
    String properties =
        keys.stream()
            .map(
                key -> {
                  String value = json(key.type(), deeper + "  ");
                  return deeper
                      + quoted(key.name())
                      + ": {\"description\": "
                      + quoted(key.description())
                      + ", "
                      + value.substring(1).stripLeading();
                })
            .collect(Collectors.joining(",\n"));
    String required =
        keys.stream()
            .filter(ComposeKey::required)
            .map(key -> quoted(key.name()))
            .collect(Collectors.joining(", ", "[", "]"));
    return "{\n"
        + indent
        + "\"type\": \"object\",\n"
        + indent
        + "\"additionalProperties\": false,\n"
        + indent
        + "\"required\": "
        + required
        + ",\n"
        + indent
        + "\"properties\": {\n"
        + properties
        + "\n"
        + indent
        + "}\n"
        + indent.substring(2)
        + "}";
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  /** A table in Markdown with a row for each key. */
  static String markdown() {
    StringBuilder page = new StringBuilder("| key | value | meaning |\n|---|---|---|\n");
    rows(page, "", ComposeKey.FILE);
    return page.toString();
  }

  private static void rows(StringBuilder page, String path, ComposeKey.Section section) {
    for (ComposeKey key : section.keys()) {
      String name = path + key.name();
      page.append("| `").append(name).append('`').append(key.required() ? " (required)" : "");
      page.append(" | ").append(form(key.type()).replace("|", "\\|"));
      page.append(" | ").append(key.description().replace("|", "\\|")).append(" |\n");
      switch (key.type()) {
        case ComposeKey.Section inner -> rows(page, name + ".", inner);
        case ComposeKey.Sections(_, ComposeKey.Section inner) -> rows(page, name + ".NAME.", inner);
        case ComposeKey.SectionList(ComposeKey.Section inner) -> rows(page, name + "[].", inner);
        case ComposeKey.Text _, ComposeKey.Choice _, ComposeKey.Texts _, ComposeKey.TextMap _ -> {}
      }
    }
  }

  private static String form(ComposeKey.Type type) {
    return switch (type) {
      case ComposeKey.Text(_, String form) -> form;
      case ComposeKey.Choice(List<String> words) -> String.join(", ", words);
      case ComposeKey.Texts(ComposeKey.Text element) -> "list of: " + element.form();
      case ComposeKey.TextMap(ComposeKey.Type value) -> "names, each with: " + form(value);
      case ComposeKey.Section _ -> "keys";
      case ComposeKey.Sections(ComposeKey.Text name, _) -> "keys for each name: " + name.form();
      case ComposeKey.SectionList _ -> "list of sets of keys";
    };
  }
}
