package org.capvm.monitor;

import org.capvm.machine.code.TranslationStatistics;

/**
 * What an {@link Intravisor} holds at a moment.
 *
 * @param slots slots in use
 * @param guestThreads guest threads that are not closed
 * @param codeCacheBytes bytes of the code cache that translations take
 * @param translations what has been translated since the start
 */
public record IntravisorStatistics(
    int slots, int guestThreads, long codeCacheBytes, TranslationStatistics translations) {}
