/**
 * The trace of system calls, in strace's format. Off the hot path: nothing here is loaded unless a
 * trace is wanted.
 */
package org.capvm.libos.trace;
