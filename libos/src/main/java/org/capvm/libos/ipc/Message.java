package org.capvm.libos.ipc;

/**
 * A message in a queue.
 *
 * @param type positive
 * @param text never changed
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record Message(long type, byte[] text) {}
