package org.capvm.machine.code;

/**
 * A thread that may execute translations. Its passages through them are counted, so that the room
 * of those which no branch leads to any more can be used again.
 */
public interface CodeUser {
  /**
   * Counts up, with the effects of a full fence, before the thread may be in a translation, and
   * when it is in none any more: odd while it may be in one. Any thread may ask.
   */
  long passages();
}
