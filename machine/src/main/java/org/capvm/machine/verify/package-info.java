/**
 * Decides whether machine code may run in the code cache: the last word on what a guest can do.
 *
 * <p>Trusted, and the smallest part of the trusted base that isolation rests on: the translator may
 * be wrong in any way, and whatever it produces is still confined if {@link
 * org.capvm.machine.verify.Verifier} accepts it. It therefore knows nothing of the translator,
 * believes only the decoder ({@link org.capvm.machine.isa}) and the layouts ({@link
 * org.capvm.machine.layout}), keeps no state but what it has looked up in the instruction table,
 * and uses the JDK alone.
 *
 * <h2>What an accepted unit cannot do</h2>
 *
 * <ol>
 *   <li>Move {@code rsp} further from {@code B + guest sp} than the guards are wide.
 *   <li>Access memory other than the slot and its guards, the slot's branch table as a jump target,
 *       and the fields of the context block that translations are for.
 *   <li>Write the FS or GS base, enter the kernel, or run a privileged instruction.
 *   <li>Send control anywhere but to its own labels, to targets its caller vouches for, and through
 *       the branch table.
 * </ol>
 *
 * <h2>Why an access near the end of the slot is safe</h2>
 *
 * <p>An effective address of 32 bits plus the size of the operand is at most a few KiB beyond 4
 * GiB, even for {@code xsave}. What lies beyond runs into the upper guard, 4 GiB wide; processors
 * that truncate the address of each part of a long operand access guest address 0 instead, which is
 * the slot as well.
 *
 * <h2>Why repeated string instructions are safe</h2>
 *
 * <p>A string instruction starts with {@code rsi} and {@code rdi} in the slot, and each iteration
 * moves them by at most 8 bytes after an access at each that the processor cannot skip: {@code
 * movs} and {@code cmps} access both, {@code lods}, {@code stos} and {@code scas} the one they use.
 * So the first iteration that leaves the slot, forwards or backwards, faults on a guard, whatever
 * {@code rcx} is. {@code repe} and {@code repne} only end earlier.
 *
 * <h2>Why the stack pointer stays near the slot</h2>
 *
 * <p>After a touch that did not fault, {@code rsp} is within {@code MAX_STACK_STEP} of the slot;
 * after the sequence that rebases it, it is inside. One change by at most {@code MAX_STACK_STEP}
 * may follow until the next touch, and neither a label nor a transfer of control lies between. So
 * {@code rsp} is never further than twice that from the slot, and an access through it is at most
 * {@code MAX_STACK_DISPLACEMENT} further (with a 32-bit bit offset: 256 MiB more): always the slot
 * or a guard. Every entry point and every target of a branch is a place where nothing is pending,
 * so the argument holds across units.
 */
package org.capvm.machine.verify;
