/** The library OS: Linux as a guest sees it. Not trusted with memory isolation. */
module org.capvm.libos {
  requires transitive org.capvm.monitor;

  exports org.capvm.libos to
      org.capvm.engine,
      org.capvm.cli;
}
