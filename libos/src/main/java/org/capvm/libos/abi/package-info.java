/**
 * Constants and structure layouts of the Linux x86-64 system-call interface, under Linux's own
 * names. No logic beyond naming and decoding.
 */
package org.capvm.libos.abi;
