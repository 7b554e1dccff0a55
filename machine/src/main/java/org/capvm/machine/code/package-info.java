/**
 * Where translations live and how guests find them: the code cache, branch tables, and the code of
 * each guest address space.
 *
 * <p>Trusted. Lock order: {@link org.capvm.machine.code.CodeSpace}, then {@link
 * org.capvm.machine.code.CodeImage}, then {@link org.capvm.machine.code.CodeCache}. A guest that
 * looks up a branch table takes no lock. Must not know of Linux or of cVMs.
 */
package org.capvm.machine.code;
