package org.capvm.libos.file;

/** Where a process stands in the file tree: root, working directory, umask. */
public final class FileSystemContext {}
