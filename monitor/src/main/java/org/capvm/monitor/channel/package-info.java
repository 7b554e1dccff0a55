/**
 * How cVMs exchange data and control: CP_File, shared memory by capability; CP_Call, calls into
 * another cVM.
 *
 * <p>Trusted. A library OS gets a {@link org.capvm.monitor.channel.Compartment} and reaches nothing
 * that its capabilities do not give it. Lock order: {@link org.capvm.monitor.channel.Channels},
 * then a buffer's, then the capability tree's.
 */
package org.capvm.monitor.channel;
