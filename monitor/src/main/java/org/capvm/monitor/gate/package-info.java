/**
 * Gates: the trusted machine code through which control enters and leaves guests, and the threads
 * that run them.
 *
 * <p>Trusted. The gate area is the start of the code cache; what it may do that translations may
 * not is listed at each sequence, with the invariant that the sequence keeps.
 */
package org.capvm.monitor.gate;
