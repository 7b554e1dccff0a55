package org.capvm.libos.net;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The connections that a listening socket has not accepted yet, and TCP's attempts that find no
 * room and go on when there is some. Holds one reference to each socket. Thread-safe.
 */
final class AcceptQueue {
  /** What became of an offer. */
  enum Offer {
    QUEUED,
    FULL,
    CLOSED
  }

  /** A connect call that waits for room. */
  interface Attempt {
    /** The socket that will be accepted. */
    StreamSocket child();

    /** The child is in the queue. */
    void established();

    /** The listening socket is gone. */
    void refused();
  }

  private final ArrayDeque<StreamSocket> connections = new ArrayDeque<>();
  private final ArrayDeque<Attempt> attempts = new ArrayDeque<>();
  private int backlog;
  private volatile boolean closed;
  private volatile int count;

  AcceptQueue(int backlog) {
    this.backlog = backlog;
  }

  synchronized void setBacklog(int newBacklog) {
    backlog = newBacklog;
  }

  /** Queues a connection; its reference passes on if there is room. */
  synchronized Offer offer(StreamSocket child) {
    if (closed) {
      return Offer.CLOSED;
    }
    if (isFull()) {
      return Offer.FULL;
    }
    enqueue(child);
    return Offer.QUEUED;
  }

  /** Queues an attempt's connection now or when there is room. */
  void offer(Attempt attempt) {
    Offer result;
    synchronized (this) {
      result = offer(attempt.child());
      if (result == Offer.FULL) {
        attempts.add(attempt);
      }
    }
    settle(attempt, result);
  }

  private static void settle(Attempt attempt, Offer result) {
    switch (result) {
      case QUEUED -> attempt.established();
      case CLOSED -> attempt.refused();
      case FULL -> {}
    }
  }

  /** Forgets an attempt. Returns false if it was settled already. */
  synchronized boolean withdraw(Attempt attempt) {
    return attempts.remove(attempt);
  }

  /** The next connection, or null; its reference is the caller's. */
  StreamSocket poll() {
    StreamSocket next;
    Attempt admitted = null;
    synchronized (this) {
      next = connections.poll();
      count = connections.size();
      if (next != null && !attempts.isEmpty() && !isFull()) {
        admitted = attempts.poll();
        enqueue(admitted.child());
      }
    }
    if (admitted != null) {
      admitted.established();
    }
    return next;
  }

  private void enqueue(StreamSocket child) {
    connections.add(child);
    count = connections.size();
  }

  /** Linux takes one more than the backlog says. */
  private boolean isFull() {
    return connections.size() > backlog;
  }

  boolean isEmpty() {
    return count == 0;
  }

  /** Whether an offer might find room, or an end of the queue. */
  synchronized boolean hasRoomOrIsClosed() {
    return closed || !isFull();
  }

  boolean isClosed() {
    return closed;
  }

  /** Resets what was not accepted and refuses what waits. */
  void close() {
    List<StreamSocket> abandoned;
    List<Attempt> refused;
    synchronized (this) {
      closed = true;
      abandoned = new ArrayList<>(connections);
      refused = new ArrayList<>(attempts);
      connections.clear();
      attempts.clear();
      count = 0;
    }
    abandoned.forEach(StreamSocket::abandon);
    refused.forEach(Attempt::refused);
  }
}
