/**
 * Which of the host's processors each cVM's tasks run on: fair shares for cVMs, whatever their
 * number of threads, by the one means that an unprivileged process has, {@code sched_setaffinity}.
 *
 * <p>Outside the trusted base: what goes wrong here costs time, never isolation. Locks: {@link
 * org.capvm.libos.processor.FairShares} before {@link org.capvm.libos.process.ProcessTable} before
 * {@link org.capvm.libos.processor.Affinity}.
 */
package org.capvm.libos.processor;
