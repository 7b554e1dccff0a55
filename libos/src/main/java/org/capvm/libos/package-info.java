/** One Linux-compatible library OS per cVM. */
package org.capvm.libos;
