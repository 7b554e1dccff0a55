package org.capvm.machine.verify;

import java.util.function.LongPredicate;

/**
 * What the verifier is given: the bytes of one translation unit and how the rest of the code cache
 * may meet it.
 *
 * <p>The bytes must be the ones that will run, or a copy taken when nothing can change them any
 * more.
 *
 * @param code the bytes; not modified
 * @param hostAddress executable host address of {@code code[0]}
 * @param entryOffsets offsets that a branch-table entry or a direct branch of another unit may send
 *     control to
 * @param patchSites offsets of the distances of direct branches that will be replaced while guests
 *     run, so that the branches lead to entries of other units
 * @param externalTargets accepts the host addresses outside this unit that direct branches may
 *     reach: entries of units that were verified, and the gate's entry points
 * @param threadFields where the fields of the context that runs are: offset 0 of {@link
 *     org.capvm.machine.layout.ContextLayout}, from FS base
 */
@SuppressWarnings("ArrayRecordComponent") // passed, never compared
public record TranslationUnit(
    byte[] code,
    long hostAddress,
    int[] entryOffsets,
    int[] patchSites,
    LongPredicate externalTargets,
    int threadFields) {}
