/**
 * Sockets: each cVM's own network, held in memory, and the host sockets behind published ports and
 * outgoing connections.
 *
 * <p>A {@link org.capvm.libos.net.SocketDescription} is what a descriptor refers to. What a
 * connected stream socket sends and receives through is its {@link
 * org.capvm.libos.net.StreamTransport}: a {@link org.capvm.libos.net.StreamEndpoint} in memory or a
 * {@link org.capvm.libos.net.HostTransport}. Names and ports are the {@link
 * org.capvm.libos.net.NetworkNamespace}'s.
 *
 * <p>Trust: none; a bug here reaches no other cVM's memory. Native calls: none, they are in {@code
 * libos.host}.
 *
 * <p>Lock order: a socket's monitor, the port space's, an accept queue's, a connection's, a
 * buffer's. Wait queues are announced to without a buffer's lock. No lock is held while a task
 * waits.
 */
package org.capvm.libos.net;
