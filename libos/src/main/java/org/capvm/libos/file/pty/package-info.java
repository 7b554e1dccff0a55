/**
 * Pseudo-terminals: {@code /dev/ptmx}, {@code /dev/pts}, the line discipline between the two ends,
 * and job control (pty(7), termios(3), credentials(7)).
 *
 * <p>A {@link org.capvm.libos.file.pty.Pseudoterminal}'s monitor guards its discipline and queues.
 * Signals are sent, and processes looked at, without it.
 */
package org.capvm.libos.file.pty;
