/**
 * The hostcalls: everything the library OS asks of the host. The only package of this module with
 * native calls. A host descriptor is the right to a host object; no call here opens a host object
 * by an absolute path except {@link org.capvm.libos.host.Hostcalls#openRoot}, which the embedding
 * program uses to hand a cVM what its configuration lists.
 */
package org.capvm.libos.host;
