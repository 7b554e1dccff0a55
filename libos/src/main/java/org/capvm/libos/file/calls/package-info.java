/**
 * The system calls on files: handlers that decode and check arguments in Linux's order and leave
 * the work to the VFS, and the rows of the system-call table.
 */
package org.capvm.libos.file.calls;
