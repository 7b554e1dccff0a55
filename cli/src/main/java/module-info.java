/** The {@code cvm} command. */
module org.capvm.cli {
  requires transitive org.capvm.engine;
  requires info.picocli;
  requires org.snakeyaml.engine.v2;
  // sun.misc.Signal, by reflection: Ctrl-C must reach the guest.
  requires jdk.unsupported;

  opens org.capvm.cli to
      info.picocli;
}
