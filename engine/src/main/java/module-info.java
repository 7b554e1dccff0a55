/** The public API: configuring, starting and stopping cVMs. */
module org.capvm.engine {
  requires transitive org.capvm.libos;
  requires transitive org.capvm.image;

  exports org.capvm.engine;
}
