package org.capvm.machine.translate;

/**
 * What the guest was doing at a host instruction of a translation.
 *
 * @param guestPc the guest instruction that the host instruction belongs to
 * @param restartable whether the guest's state is exactly the one before that instruction, so that
 *     it can go on at {@code guestPc}
 * @param fixup what to do to the registers to get the state before the guest instruction, if it
 *     faulted here
 */
public record CodeLocation(long guestPc, boolean restartable, RegisterFixup fixup) {}
