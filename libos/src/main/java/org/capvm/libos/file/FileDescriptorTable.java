package org.capvm.libos.file;

/** The open files of one process, by descriptor number. */
public final class FileDescriptorTable {}
