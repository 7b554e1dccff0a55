/**
 * The Intravisor: starts the trusted machinery and hands out its parts.
 *
 * <p>Trusted. Uses machine and the rest of monitor; knows no system call and no library OS.
 */
package org.capvm.monitor;
