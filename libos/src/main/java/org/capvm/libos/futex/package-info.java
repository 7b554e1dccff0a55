/**
 * Futexes: words in guest memory that tasks wait for.
 *
 * <p>Lock order: a bucket's lock is innermost; guest memory is read and changed with it held.
 */
package org.capvm.libos.futex;
