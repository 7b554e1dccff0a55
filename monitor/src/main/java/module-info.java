/**
 * The Intravisor: slots, gates, faults, capabilities and channels. Knows no system call; trusted.
 */
module org.capvm.monitor {
  requires transitive org.capvm.machine;

  exports org.capvm.monitor;
  exports org.capvm.monitor.capability;
  exports org.capvm.monitor.channel;
  exports org.capvm.monitor.gate;
  exports org.capvm.monitor.memory;
}
