/**
 * Processes and their threads (tasks), program loading, and the loop that runs a guest thread.
 *
 * <p>Lock order: {@link org.capvm.libos.process.ProcessTable} before {@link
 * org.capvm.libos.process.Process} before {@code SignalState} before an address space. Nothing is
 * called with a lock held that may block on the host.
 */
package org.capvm.libos.process;
