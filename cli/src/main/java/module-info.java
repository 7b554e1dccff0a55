/** The {@code cvm} command. */
module org.capvm.cli {
  requires transitive org.capvm.engine;
  requires info.picocli;

  opens org.capvm.cli to
      info.picocli;
}
