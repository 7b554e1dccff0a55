/**
 * Waiting for readiness: poll, select, epoll, and descriptors that are only there to be waited for.
 *
 * <p>What can become ready either announces it on a {@link org.capvm.libos.file.WaitQueue} or is
 * polled on the host, and one wait covers both: listeners wake the task, which sleeps in the host's
 * poll or parked.
 */
package org.capvm.libos.file.poll;
