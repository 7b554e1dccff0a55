/**
 * Clocks, sleeping and timers. Guests read clocks through the vDSO; what is here serves the rest.
 */
package org.capvm.libos.time;
