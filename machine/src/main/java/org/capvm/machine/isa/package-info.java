/**
 * The x86-64 instruction set: what instructions exist, how they are encoded, and what CapVM does
 * with each.
 *
 * <p>Trusted: translator and verifier believe what {@link org.capvm.machine.isa.Decoder} says about
 * lengths, memory operands and registers. All knowledge of single instructions is in one table,
 * {@code instructions.txt}; the classes know encodings only. Covers 64-bit mode as user programs
 * see it. Uses the JDK alone and keeps no state but the table, which is read on first use, opcode
 * by opcode; there are no locks a caller could hold.
 */
package org.capvm.machine.isa;
