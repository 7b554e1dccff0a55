package org.capvm.engine;

/** Something of a cVM that can be connected to from the host. */
public sealed interface Publication permits PortMapping, SocketMapping {}
