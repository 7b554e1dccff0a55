/** The {@code cvm} command. */
module org.capvm.cli {
  requires transitive org.capvm.engine;
  requires info.picocli;
  requires org.snakeyaml.engine.v2;

  opens org.capvm.cli to
      info.picocli;
}
