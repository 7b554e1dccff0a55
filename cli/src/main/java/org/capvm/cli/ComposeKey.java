package org.capvm.cli;

import java.util.List;

/**
 * A key of a file for {@code cvm up}. The parser, the JSON schema and the documentation come from
 * this one description.
 *
 * @param name as it is written in the file
 * @param type what may stand there
 * @param required whether it must be there
 * @param description for people, one sentence
 */
record ComposeKey(String name, Type type, boolean required, String description) {

  /** What may stand at a key. */
  sealed interface Type {}

  /**
   * One word.
   *
   * @param pattern a regular expression that it matches as a whole
   * @param form the same for people
   */
  record Text(String pattern, String form) implements Type {}

  /** One of a few words. */
  record Choice(List<String> words) implements Type {}

  /** A list of words. */
  record Texts(Text element) implements Type {}

  /** Names, each with a word. */
  record TextMap(Type value) implements Type {}

  /** Further keys. */
  record Section(List<ComposeKey> keys) implements Type {}

  /** Names, each with further keys. */
  record Sections(Text name, Section element) implements Type {}

  /** A list of sets of further keys. */
  record SectionList(Section element) implements Type {}

  private static final Text ANY = new Text("[\\s\\S]*", "text");
  private static final Text WORD = new Text("[\\s\\S]+", "text that is not empty");
  private static final Text NAME =
      new Text("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "a name of letters, digits, '_', '.' and '-'");
  private static final Text ABSOLUTE = new Text("/[\\s\\S]*", "an absolute path in the cVM");
  private static final Text COUNT = new Text("[1-9][0-9]{0,8}", "a number above 0");
  private static final Text SIZE =
      new Text("[0-9]{1,9}(\\.[0-9]{1,3})?[kKmMgG]?(i?[bB])?", "a size such as 512M or 2G");
  private static final Text DURATION =
      new Text("[0-9]{1,6}(\\.[0-9]{1,3})?(ms|s|m)", "a time such as 200ms, 5s or 1m");

  private static final Section HEALTH =
      new Section(
          List.of(
              required("exec", new Texts(ANY), "Program and arguments, run in the cVM."),
              optional("interval", DURATION, "Time between two tries (200ms)."),
              optional("timeout", DURATION, "Time after which the cVM counts as failed (30s).")));

  private static final Section LIMITS =
      new Section(
          List.of(
              optional(
                  "memory",
                  SIZE,
                  "Memory of all processes together (2G); more is ENOMEM. What children of forks"
                      + " have from their parents counts apart, up to as much again."),
              optional("tasks", COUNT, "Threads of all processes together (4096); more is EAGAIN."),
              optional("cpus", COUNT, "Processors it has at a time, and sees (all)."),
              optional("disk", SIZE, "What may be written outside mounts (16G); more is ENOSPC."),
              optional("log", SIZE, "Output that is kept (1M); the oldest lines go first.")));

  private static final Section LINK =
      new Section(
          List.of(
              required(
                  "from", WORD, "TCP port of the cVM's loopback, or AF_UNIX path, or @abstract."),
              required("to", NAME, "The cVM it leads to."),
              optional("at", WORD, "Port or name there (the same).")));

  private static final Section CVM =
      new Section(
          List.of(
              required("args", new Texts(ANY), "The program and its arguments."),
              optional("root", WORD, "Host directory that is the file tree (the system's)."),
              optional("mounts", new Texts(WORD), "HOST:GUEST[:ro|rw], as for cvm run -v."),
              optional("environment", new TextMap(ANY), "Environment variables."),
              optional("workdir", ABSOLUTE, "The working directory (/)."),
              optional(
                  "network",
                  new Choice(List.of("none", "private", "host")),
                  "What is reached, as for cvm run --net (private)."),
              optional(
                  "ports",
                  new Texts(WORD),
                  "[ADDR:]HOSTPORT:PORT or HOSTPATH:PATH, as for cvm run -p."),
              optional(
                  "links",
                  new SectionList(LINK),
                  "Addresses that lead into other cVMs, without the host's kernel."),
              optional(
                  "calls",
                  new TextMap(new Texts(WORD)),
                  "Functions for CP_Call that it exports, each with the cVMs that may call it; '*'"
                      + " is every cVM."),
              optional("limits", LIMITS, "How much the cVM may take."),
              optional(
                  "wait",
                  new Texts(NAME),
                  "cVMs that must run, and be healthy, before this starts."),
              optional("health", HEALTH, "A program that succeeds once the cVM is ready."),
              optional(
                  "restart",
                  new Choice(List.of("never", "on-failure", "always")),
                  "Whether to start again what ended (never).")));

  private static final Section CAPFILE =
      new Section(
          List.of(
              required("size", SIZE, "Its length."),
              optional("content", ANY, "Text it begins with; the rest is zero."),
              required(
                  "access",
                  new TextMap(new Choice(List.of("read", "write", "read-write"))),
                  "What each cVM may do; '*' is every cVM not named.")));

  /** The keys at the top of the file. */
  static final Section FILE =
      new Section(
          List.of(
              required("cVMs", new Sections(NAME, CVM), "The cVMs; a name is the host name too."),
              optional(
                  "capfiles",
                  new Sections(NAME, CAPFILE),
                  "Shared buffers; cVMs open them as shared/NAME.")));

  private static ComposeKey required(String name, Type type, String description) {
    return new ComposeKey(name, type, true, description);
  }

  private static ComposeKey optional(String name, Type type, String description) {
    return new ComposeKey(name, type, false, description);
  }
}
