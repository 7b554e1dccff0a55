/**
 * The Intravisor: slots, gates, faults, capabilities and channels. Knows no system call; trusted.
 */
module org.capvm.monitor {
  requires transitive org.capvm.machine;
}
