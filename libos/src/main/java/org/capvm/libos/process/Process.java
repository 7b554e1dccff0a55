package org.capvm.libos.process;

import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.LibraryOs;

/** A process: what its tasks share. Thread-safe. */
public final class Process {
  private final LibraryOs libraryOs;
  private final int id;
  private final ResourceLimits limits;
  private final List<Task> tasks = new ArrayList<>();
  private volatile Credentials credentials;
  private volatile Process parent;
  private volatile int processGroup;
  private volatile int session;

  Process(LibraryOs libraryOs, int id, Credentials credentials, ResourceLimits limits) {
    this.libraryOs = libraryOs;
    this.id = id;
    this.credentials = credentials;
    this.limits = limits;
    this.processGroup = id;
    this.session = id;
  }

  /** The library OS the process runs on. */
  public LibraryOs libraryOs() {
    return libraryOs;
  }

  /** The process id. */
  public int id() {
    return id;
  }

  /** The parent's id, 0 if it lies outside the cVM. */
  public int parentId() {
    Process current = parent;
    return current == null ? 0 : current.id;
  }

  /** The process group's id. */
  public int processGroup() {
    return processGroup;
  }

  /** The session's id. */
  public int session() {
    return session;
  }

  /** Identity in force. */
  public Credentials credentials() {
    return credentials;
  }

  /** Installs a new identity; the caller has checked that it is allowed. */
  public void setCredentials(Credentials changed) {
    credentials = changed;
  }

  /** The resource limits. */
  public ResourceLimits limits() {
    return limits;
  }

  /** The tasks alive, the first one first. */
  public synchronized List<Task> tasks() {
    return List.copyOf(tasks);
  }

  synchronized void add(Task task) {
    tasks.add(task);
  }
}
