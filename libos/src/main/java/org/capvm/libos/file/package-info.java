/** The virtual file system: mounts, path walks, open files, and the system calls on them. */
package org.capvm.libos.file;
