package org.capvm.libos.capability;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.Permissions;
import org.capvm.monitor.channel.CpCall;

/**
 * Who may call the functions that a cVM exports, decided from outside: its programs cannot grant
 * them to anybody else.
 *
 * @param callers names of cVMs, by the function's name; {@code *} is every cVM
 */
public record CallGrants(Map<String, Set<String>> callers) {
  private static final String EVERYONE = "*";

  /** Copies what could change. */
  public CallGrants {
    Map<String, Set<String>> copy = new LinkedHashMap<>();
    callers.forEach((function, names) -> copy.put(function, Set.copyOf(names)));
    callers = Map.copyOf(copy);
  }

  /**
   * Grants a function to those who may call it, and who may not pass that on.
   *
   * @throws CapabilityException QUOTA_EXCEEDED
   */
  void grantAll(String function, CpCall call) {
    for (String caller : callers.getOrDefault(function, Set.of())) {
      call.grant(caller, Permissions.CALL);
    }
  }

  /**
   * Checks what a program grants.
   *
   * @param grantee a cVM's name, or {@code *}
   * @throws CapabilityException NOT_PERMITTED
   */
  void check(String function, String grantee, int permissions) {
    Set<String> allowed = callers.getOrDefault(function, Set.of());
    boolean mayCall = allowed.contains(grantee) || allowed.contains(EVERYONE);
    if (!mayCall || Permissions.includes(permissions, Permissions.DELEGATE)) {
      throw new CapabilityException(Reason.NOT_PERMITTED);
    }
  }
}
