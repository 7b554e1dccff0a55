package org.capvm.libos.net;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntConsumer;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.file.WaitQueue;
import org.capvm.libos.host.HostEventQueue;
import org.capvm.libos.processor.HostProcessors;

/**
 * One thread that waits for events of host descriptors that no guest thread waits for: listening
 * sockets of published ports, and connections that were being watched before they were the host's.
 * Thread-safe.
 */
final class HostWatcher implements AutoCloseable {
  private final HostEventQueue queue = new HostEventQueue();
  private final Map<Integer, IntConsumer> handlers = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** Starts the thread. */
  HostWatcher() {
    Thread.ofPlatform().daemon().name("host sockets").start(HostProcessors.onAll(this::run));
  }

  /**
   * Calls an action, on the watcher's thread, when a descriptor is readable: once, until {@link
   * #rearm}.
   */
  void watch(int hostDescriptor, Runnable action) {
    handlers.put(hostDescriptor, events -> action.run());
    ErrnoException.check(queue.addOneShot(hostDescriptor));
  }

  /** Lets {@link #watch}'s action be called once more. */
  void rearm(int hostDescriptor) {
    queue.rearm(hostDescriptor);
  }

  /** Announces each change of a descriptor to a wait queue, until the descriptor is closed. */
  void forward(int hostDescriptor, WaitQueue waitQueue) {
    handlers.put(hostDescriptor, waitQueue::announce);
    ErrnoException.check(queue.addEdges(hostDescriptor));
  }

  /** Stops watching; an action may run once more. */
  void forget(int hostDescriptor) {
    queue.remove(hostDescriptor);
    handlers.remove(hostDescriptor);
  }

  private void run() {
    while (!closed) {
      queue.await(
          (descriptor, events) -> {
            IntConsumer handler = handlers.get(descriptor);
            if (handler != null) {
              handler.accept(events);
            }
          });
    }
    queue.close();
  }

  @Override
  public void close() {
    closed = true;
    queue.wake();
  }
}
