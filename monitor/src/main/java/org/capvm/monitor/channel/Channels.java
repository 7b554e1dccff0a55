package org.capvm.monitor.channel;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityTree;

/**
 * What the cVMs of an Intravisor publish for each other, by name.
 *
 * <p>A published name is the owner's name, a slash, and what the owner called it: a cVM cannot
 * publish in another one's name.
 *
 * <p>Threads: any; guarded by this object's monitor.
 */
public final class Channels {
  /** How many capabilities a cVM may hold if nothing else is said. */
  public static final int DEFAULT_QUOTA = 1 << 20;

  private static final int LONGEST_NAME = 4096;

  private final CapabilityTree tree;
  private final Map<String, Compartment> compartments = new HashMap<>();
  private final Map<String, Publication> published = new HashMap<>();

  /** Over a forest of capabilities. */
  public Channels(CapabilityTree tree) {
    this.tree = tree;
  }

  CapabilityTree tree() {
    return tree;
  }

  /**
   * Makes the side of a new cVM; whoever makes it closes it when the cVM has ended.
   *
   * @param wanted its name; if another cVM has it, a number is added
   * @param quota how many capabilities it may hold at a time
   */
  public synchronized Compartment newCompartment(String wanted, int quota) {
    String name = wanted;
    for (int number = 2; compartments.containsKey(name); number++) {
      name = wanted + "-" + number;
    }
    Compartment made = new Compartment(this, name, tree.newTable(quota));
    compartments.put(name, made);
    return made;
  }

  synchronized void remove(Compartment compartment) {
    compartments.remove(compartment.name());
  }

  /** Checks a name that a cVM wants to publish under. */
  static String qualified(Compartment owner, String name) {
    if (name.isEmpty() || name.length() > LONGEST_NAME || name.indexOf('/') >= 0) {
      throw new CapabilityException(Reason.UNKNOWN_NAME);
    }
    return owner.name() + "/" + name;
  }

  synchronized void publish(Publication publication) {
    if (published.putIfAbsent(publication.name(), publication) != null) {
      throw new CapabilityException(Reason.NAME_TAKEN);
    }
  }

  synchronized void withdraw(Publication publication) {
    published.remove(publication.name(), publication);
  }

  /**
   * What is published under a name.
   *
   * @param name with an owner's name, or one of the asking cVM's own
   * @throws CapabilityException UNKNOWN_NAME
   */
  synchronized Publication find(Compartment asking, String name) {
    String full = name.indexOf('/') < 0 ? asking.name() + "/" + name : name;
    Publication found = published.get(full);
    if (found == null) {
      throw new CapabilityException(Reason.UNKNOWN_NAME);
    }
    return found;
  }

  /** The names of the buffers that a cVM could open, sorted. */
  synchronized List<String> bufferNames(Compartment asking) {
    return published.values().stream()
        .filter(each -> each.first().object() instanceof SharedBuffer)
        .filter(each -> each.isOfferedTo(asking))
        .map(Publication::name)
        .sorted()
        .toList();
  }
}
