/** What goes wrong on the host, as every module may see it. */
package org.capvm.machine.error;
