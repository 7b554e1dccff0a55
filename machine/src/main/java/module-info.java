/**
 * x86-64: decoder, assembler, translator, verifier and code cache. Knows nothing of Linux; trusted.
 */
module org.capvm.machine {
  exports org.capvm.machine.layout;
  exports org.capvm.machine.code;
  exports org.capvm.machine.error;
  exports org.capvm.machine.translate;
  exports org.capvm.machine.verify;
  exports org.capvm.machine.assemble to
      org.capvm.monitor;
  exports org.capvm.machine.host to
      org.capvm.monitor;
}
