/** Slots: the host address ranges that guest address spaces live in. */
package org.capvm.monitor.memory;
