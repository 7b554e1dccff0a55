package org.capvm.engine;

/**
 * What has been translated for all cVMs of a {@link CapVm} together.
 *
 * @param guestBytes bytes of guest code
 * @param hostBytes bytes of confined code made of them
 * @param checkedBytes bytes of confined code that were verified
 * @param nanos time spent, in nanoseconds, checks included
 */
public record TranslationFigures(long guestBytes, long hostBytes, long checkedBytes, long nanos) {}
