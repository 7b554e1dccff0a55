/**
 * Emits x86-64 machine code: for gates, fault handlers, the copier and the sequences that
 * translations share.
 *
 * <p>Trusted: what it emits runs unverified where the monitor puts it. Depends on nothing else of
 * this module.
 */
package org.capvm.machine.assemble;
