/**
 * Races of the capability tables, for jcstress; in the tables' package, whose inside they look at.
 */
package org.capvm.monitor.capability;
