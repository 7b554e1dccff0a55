/**
 * CapVM's own system calls: what a guest does with its capabilities, named by handles. Thin:
 * decode, hand to the monitor, turn refusals into errnos.
 */
package org.capvm.libos.capability;
