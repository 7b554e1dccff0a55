/**
 * Rewrites guest machine code as confined machine code.
 *
 * <p>Trusted, though the verifier checks its output. {@link org.capvm.machine.translate.Translator}
 * reads a stretch of guest code; {@link org.capvm.machine.translate.Emitter} turns each instruction
 * into a sequence that keeps the invariants. Pure functions of the guest's bytes: no memory of
 * guests or hosts is touched here, and nothing depends on the address space that asked.
 */
package org.capvm.machine.translate;
