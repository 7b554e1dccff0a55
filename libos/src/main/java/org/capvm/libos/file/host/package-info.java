/**
 * Host directories as file systems. The one place where names reach the host: every one of them
 * through {@code openat2} beneath a directory descriptor the cVM was given.
 */
package org.capvm.libos.file.host;
