package org.capvm.monitor.fault;

import org.capvm.machine.assemble.Label;

/**
 * A stretch of monitor code in which a thread may be interrupted, by a fault on guest memory or by
 * a kick, and where it goes on then.
 *
 * @param start its first instruction
 * @param end the instruction after its last
 * @param target where the thread goes on instead, with all registers as they were
 */
public record Fixup(Label start, Label end, Label target) {}
