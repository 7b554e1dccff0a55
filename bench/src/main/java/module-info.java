/** Measurements of CapVM against native execution. */
module org.capvm.bench {
  requires transitive org.capvm.engine;
}
