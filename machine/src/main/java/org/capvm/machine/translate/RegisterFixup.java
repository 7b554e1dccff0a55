package org.capvm.machine.translate;

import java.util.List;

/**
 * How guest registers differ from what the guest should see, in the middle of a sequence that
 * borrows them.
 *
 * @param stripped bit mask over the general registers that may hold a host address of the slot;
 *     truncating them to 32 bits gives the guest's value
 * @param spilled the general registers whose guest values lie in the context's scratch words, in
 *     the order of the words
 */
public record RegisterFixup(int stripped, List<Integer> spilled) {
  /** Registers hold the guest's values. */
  public static final RegisterFixup NONE = new RegisterFixup(0, List.of());
}
