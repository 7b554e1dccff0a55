/**
 * Calls to the C library and raw access to host memory: the only package of this module that uses
 * restricted native methods.
 *
 * <p>Trusted. Everything here takes raw host addresses and checks nothing about them; callers
 * inside the trusted base do. Exported to {@code org.capvm.monitor} alone, never to a library OS.
 */
package org.capvm.machine.host;
