/** The library OS: Linux as a guest sees it. Not trusted with memory isolation. */
@SuppressWarnings("module")
module org.capvm.libos {
  requires java.management;
  requires jdk.management;
  requires transitive org.capvm.monitor;

  exports org.capvm.libos to
      org.capvm.engine,
      org.capvm.cli;
  exports org.capvm.libos.abi to
      org.capvm.engine,
      org.capvm.cli;
  exports org.capvm.libos.capability to
      org.capvm.engine;
  exports org.capvm.libos.file to
      org.capvm.engine;
  exports org.capvm.libos.file.content to
      org.capvm.engine;
  exports org.capvm.libos.file.dev to
      org.capvm.engine;
  exports org.capvm.libos.file.host to
      org.capvm.engine;
  exports org.capvm.libos.file.layer to
      org.capvm.engine;
  exports org.capvm.libos.file.proc to
      org.capvm.engine;
  exports org.capvm.libos.file.pty to
      org.capvm.engine;
  exports org.capvm.libos.file.shared to
      org.capvm.engine;
  exports org.capvm.libos.file.synthetic to
      org.capvm.engine;
  exports org.capvm.libos.host to
      org.capvm.engine,
      org.capvm.cli;
  exports org.capvm.libos.memory to
      org.capvm.engine;
  exports org.capvm.libos.net to
      org.capvm.engine;
  exports org.capvm.libos.process to
      org.capvm.engine;
  exports org.capvm.libos.processor to
      org.capvm.engine;
  exports org.capvm.libos.trace to
      org.capvm.engine;
}
