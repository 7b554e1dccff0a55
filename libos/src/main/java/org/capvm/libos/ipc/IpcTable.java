package org.capvm.libos.ipc;

import static org.capvm.libos.ipc.IpcConstants.IPC_CREAT;
import static org.capvm.libos.ipc.IpcConstants.IPC_EXCL;
import static org.capvm.libos.ipc.IpcConstants.IPC_PRIVATE;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;

/**
 * The objects of one kind in a namespace, by id and by key. An id is an index and a sequence
 * number, so that the id of an object that is gone does not soon name another one. Guarded by the
 * namespace's lock.
 */
final class IpcTable<T extends IpcObject> {
  /** How many indices an id can have. */
  static final int INDICES = 32768;

  private static final int SEQUENCES = Integer.MAX_VALUE / INDICES;

  /** Indices are not used again before so many others were. */
  private static final int MIN_CYCLE = 64;

  private final int limit;
  private final TreeMap<Integer, T> byIndex = new TreeMap<>();
  private final Map<Integer, T> byKey = new HashMap<>();
  private int sequence;
  private int lastIndex = -1;

  /**
   * An empty table.
   *
   * @param limit how many objects there may be
   */
  IpcTable(int limit) {
    this.limit = limit;
  }

  /**
   * Finds or makes an object, as the {@code get} calls do.
   *
   * @param fits refuses an object that is there but not what the caller asked for
   * @param maker makes a new one
   * @return its id
   * @throws ErrnoException ENOENT, EEXIST, EACCES, ENOSPC
   */
  int get(Task task, int key, int flags, Consumer<T> fits, Supplier<T> maker) {
    T found = key == IPC_PRIVATE ? null : byKey.get(key);
    if (found == null) {
      if (key != IPC_PRIVATE && (flags & IPC_CREAT) == 0) {
        throw ErrnoException.of(Errno.ENOENT);
      }
      return add(maker.get());
    }
    if ((flags & IPC_CREAT) != 0 && (flags & IPC_EXCL) != 0) {
      throw ErrnoException.of(Errno.EEXIST);
    }
    fits.accept(found);
    found.requirePermission(task.credentials(), flags);
    return found.id();
  }

  private int add(T made) {
    if (byIndex.size() >= limit) {
      made.remove();
      throw ErrnoException.of(Errno.ENOSPC);
    }
    int cycle = Math.min(INDICES, Math.max(MIN_CYCLE, byIndex.size() * 3 / 2));
    int index = (lastIndex + 1) % cycle;
    while (byIndex.containsKey(index)) {
      index = (index + 1) % cycle;
    }
    if (index <= lastIndex) {
      sequence = (sequence + 1) % SEQUENCES;
    }
    lastIndex = index;
    made.setId(sequence * INDICES + index);
    byIndex.put(index, made);
    if (made.key() != IPC_PRIVATE) {
      byKey.put(made.key(), made);
    }
    return made.id();
  }

  /**
   * The object with an id.
   *
   * @throws ErrnoException EINVAL
   */
  T withId(int id) {
    T found = id < 0 ? null : byIndex.get(id % INDICES);
    if (found == null || found.id() != id) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return found;
  }

  /**
   * The object with an index, which an id's lower part is.
   *
   * @throws ErrnoException EINVAL
   */
  T atIndex(int index) {
    T found = index < 0 ? null : byIndex.get(index % INDICES);
    if (found == null) {
      throw ErrnoException.of(Errno.EINVAL);
    }
    return found;
  }

  /** No key leads to the object any more; its id still does. */
  void hideKey(T object) {
    byKey.remove(object.key(), object);
    object.hideKey();
  }

  /** Removes an object. */
  void remove(T object) {
    byKey.remove(object.key(), object);
    byIndex.remove(object.id() % INDICES);
    object.remove();
  }

  /** How many objects there are. */
  int count() {
    return byIndex.size();
  }

  /** The highest index in use, or 0. */
  int highestIndex() {
    return byIndex.isEmpty() ? 0 : byIndex.lastKey();
  }

  /** All objects, by index. */
  List<T> all() {
    return List.copyOf(byIndex.values());
  }
}
