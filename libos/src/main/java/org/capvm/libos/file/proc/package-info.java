/**
 * {@code /proc} and {@code /sys}: texts made when they are read, of what one cVM is and has.
 * Nothing of the host's processes is in them.
 */
package org.capvm.libos.file.proc;
