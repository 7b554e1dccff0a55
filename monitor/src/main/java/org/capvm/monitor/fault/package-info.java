/**
 * What happens when the processor faults or another thread kicks: signal handlers in machine code.
 *
 * <p>Trusted. Handlers decide by the faulting instruction's address and by whether a context runs,
 * touch no C library, and leave to the JVM whatever is the JVM's.
 */
package org.capvm.monitor.fault;
