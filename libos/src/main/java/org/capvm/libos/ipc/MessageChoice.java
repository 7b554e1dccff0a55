package org.capvm.libos.ipc;

import java.util.List;

/**
 * Which message {@code msgrcv} wants.
 *
 * @param type 0 for the first; positive for the first of that type; negative for the first of the
 *     lowest type up to its absolute value
 * @param others with a positive type, the first that is not of it
 */
record MessageChoice(long type, boolean others) {
  /** The message, or null if there is none. */
  Message among(List<Message> messages) {
    Message best = null;
    for (Message message : messages) {
      if (type >= 0) {
        if (type == 0 || (message.type() == type) != others) {
          return message;
        }
      } else if (message.type() <= highest() && (best == null || message.type() < best.type())) {
        best = message;
      }
    }
    return best;
  }

  private long highest() {
    return type == Long.MIN_VALUE ? Long.MAX_VALUE : -type;
  }
}
