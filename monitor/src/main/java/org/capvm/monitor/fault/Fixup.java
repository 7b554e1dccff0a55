package org.capvm.monitor.fault;

import org.capvm.machine.assemble.Label;

/**
 * A stretch of monitor code that may fault on guest memory, and where to go on when it does.
 *
 * @param start its first instruction
 * @param end the instruction after its last
 * @param target where the thread goes on instead, with all registers as they were
 */
public record Fixup(Label start, Label end, Label target) {}
