/** Devices: {@code /dev}, the standard streams, the terminal. */
package org.capvm.libos.file.dev;
