package org.capvm.machine.code;

/**
 * What has been translated.
 *
 * @param translations how many are in the code cache
 * @param guestBytes bytes of guest code translated, repeats included
 * @param hostBytes bytes of confined code made of them
 * @param checkedBytes bytes of confined code that a {@link TranslationCheck} looked at
 * @param nanos time spent, in nanoseconds
 */
public record TranslationStatistics(
    long translations, long guestBytes, long hostBytes, long checkedBytes, long nanos) {}
