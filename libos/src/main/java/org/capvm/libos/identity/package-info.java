/**
 * Who a process is and what it may use: users and groups, limits, the system's name, scheduling.
 */
package org.capvm.libos.identity;
