/**
 * The virtual file system: mounts, path walks, open files, and the system calls on them.
 *
 * <p>Not trusted with memory isolation, but trusted with a cVM's confinement to its own tree: only
 * {@code file.host} passes names to the host. Names and paths are strings of one byte per character
 * (ISO 8859-1), because Linux's are bytes.
 *
 * <p>Lock order: a descriptor table's monitor is never held while a file is closed or a host call
 * is made; then an open file's monitor (its offset); then a file system's tree lock; then a node's.
 */
package org.capvm.libos.file;
