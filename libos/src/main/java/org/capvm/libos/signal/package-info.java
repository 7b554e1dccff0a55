/**
 * Signals: dispositions, masks, queues, frames on guest stacks, and the system calls on them.
 *
 * <p>Locks: a process's {@link org.capvm.libos.signal.SignalActions} and each {@link
 * org.capvm.libos.signal.PendingSignals} have a lock of their own, held for field accesses alone.
 */
package org.capvm.libos.signal;
