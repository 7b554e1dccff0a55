/**
 * System V's shared memory, semaphores and message queues. Each cVM has a namespace of its own.
 *
 * <p>Lock order: an address space's lock, then the namespace's. Nothing is mapped or unmapped with
 * the namespace's lock held.
 */
package org.capvm.libos.ipc;
