package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.capvm.cli.ComposeFile.Service;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ComposeFileTest {
  @TempDir private Path directory;

  @Test
  void cvmsComeAfterThoseTheyWaitFor() throws IOException {
    assertThat(
            read("cVMs:\n"
                    + "  a: {args: [x], wait: [c]}\n"
                    + "  b: {args: [x]}\n"
                    + "  c: {args: [x], wait: [b]}\n")
                .cvms())
        .extracting(Service::name)
        .containsExactly("b", "c", "a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "cVMs: {a: {args: [x], colour: red}}~1:31: cVMs.a.colour: unknown key",
        "cVMs: {a: {}}~1:11: cVMs.a.args: is missing",
        "cVMs: {a: {args: x}}~1:18: cVMs.a.args: must be a list",
        "cVMs: {a: {args: []}}~1:18: cVMs.a.args: the program is missing",
        "cVMs: {}~1:7: cVMs: names no cVM",
        "cVMs: {a: {args: [x], wait: [b]}}~1:29: cVMs.a.wait: there is no cVM b",
        "cVMs: {a: {args: [x], wait: [a]}}~waits for itself: a -> a",
        "cVMs: {a: {args: [x], wait: [b]}, b: {args: [x], wait: [a]}}~itself: a -> b -> a",
        "cVMs: {a: {args: [x], links: [{from: 1, to: b}]}}~cVMs.a.links.to: there is no cVM b",
        "cVMs: {a: {args: [x], links: [{from: x, to: a}]}}~cVMs.a.links.from: must be a port",
        "cVMs: {a: {args: [x], limits: {memory: lots}}}~a.limits.memory: must be a size",
        "cVMs: {a: {args: [x], ports: [80]}}~cVMs.a.ports: not a published port: 80",
        "cVMs: {a: {args: [x], ports: [s:/]}}~cVMs.a.ports: an AF_UNIX name is an absolute path",
        "cVMs: {a: {args: [x], restart: maybe}}~a.restart: must be one of never, on-failure",
        "cVMs: {a: {args: [x], calls: {f: [b]}}}~1:34: cVMs.a.calls.f: there is no cVM b",
        "cVMs: {a: {args: [x], calls: {f: a}}}~1:34: cVMs.a.calls.f: must be a list",
        "cVMs: {a: {args: [x], calls: {f/g: [a]}}}~1:36: cVMs.a.calls.f/g: a function's name",
        "cVMs: {a: {args: [x]}, a: {args: [x]}}~cVMs.a: stands here twice",
        "`cVMs: {a: {args: [x]}}\n"
            + "capfiles: {f: {size: 1, access: {b: read}}}`~2:37: capfiles.f.access.b: there is no"
            + " cVM b",
        "`cVMs: {a: {args: [x]}}\n"
            + "capfiles: {f: {size: 1, content: long, access: {}}}`~2:22: capfiles.f.size: shared"
            + " memory f of 1 bytes cannot hold 4",
        "cVMs: [~1:8: ",
      })
  void errorsSayWhereAndWhat(String text, String message) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ComposeException.class)
        .hasMessageStartingWith(directory.resolve("cvm.yaml") + ":")
        .hasMessageContaining(message)
        .hasMessageNotContaining("\n");
  }

  @Test
  void thePublishedSchemaAndPageAreThoseOfTheTable() throws IOException {
    Path docs = Path.of("..", "docs");
    assertThat(docs.resolve("cvm.schema.json")).hasContent(ComposeSchema.json());
    assertThat(Files.readString(docs.resolve("composing.md"))).contains(ComposeSchema.markdown());
  }

  @Test
  void theExampleOfThePageIsRead() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "composing.md"));
    int start = page.indexOf("```yaml\n") + "```yaml\n".length();
    String example = page.substring(start, page.indexOf("```", start));
    assertThat(read(example).cvms()).extracting(Service::name).containsExactly("server", "client");
  }

  private ComposeFile read(String text) throws IOException {
    Path file = directory.resolve("cvm.yaml");
    Files.writeString(file, text);
    return ComposeFile.read(file);
  }
}
