/**
 * Guest address spaces: which areas are mapped, and the memory system calls. Every change goes to
 * the host through {@code Slot}, which checks that it stays inside; nothing here makes host calls
 * of its own except on files.
 *
 * <p>Lock order: one lock per address space, innermost of all but the monitor's own.
 */
package org.capvm.libos.memory;
