/**
 * What registers are called, and where things lie relative to a slot's base and in a guest thread's
 * context block.
 */
package org.capvm.machine.layout;
