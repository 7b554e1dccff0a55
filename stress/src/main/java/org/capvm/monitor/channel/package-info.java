/** Races of names that cVMs publish, for jcstress. */
package org.capvm.monitor.channel;
