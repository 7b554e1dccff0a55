/** Pipes and FIFOs, which never leave the library OS. */
package org.capvm.libos.file.pipe;
