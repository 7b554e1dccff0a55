package org.capvm.libos.process;

import java.util.List;

/**
 * User and group identity. Immutable: a change installs a new value.
 *
 * @param uid real user
 * @param euid effective user
 * @param suid saved user
 * @param fsuid user for file access
 * @param gid real group
 * @param egid effective group
 * @param sgid saved group
 * @param fsgid group for file access
 * @param groups supplementary groups
 */
public record Credentials(
    int uid,
    int euid,
    int suid,
    int fsuid,
    int gid,
    int egid,
    int sgid,
    int fsgid,
    List<Integer> groups) {

  /** All users and all groups equal, no supplementary groups. */
  public static Credentials of(int uid, int gid) {
    return new Credentials(uid, uid, uid, uid, gid, gid, gid, gid, List.of());
  }

  /** Whether the effective user is the superuser of the cVM. */
  public boolean isPrivileged() {
    return euid == 0;
  }

  /** Whether its processes may send any signal to those of another identity: kill(2). */
  public boolean maySignal(Credentials other) {
    return isPrivileged()
        || euid == other.suid
        || euid == other.uid
        || uid == other.suid
        || uid == other.uid;
  }

  /** Whether one of the group identities for file access is the given group. */
  public boolean inGroup(int group) {
    return fsgid == group || groups.contains(group);
  }

  /** With other users; the user for file access follows the effective one. */
  public Credentials withUsers(int real, int effective, int saved) {
    return new Credentials(real, effective, saved, effective, gid, egid, sgid, fsgid, groups);
  }

  /** With other groups; the group for file access follows the effective one. */
  public Credentials withGroups(int real, int effective, int saved) {
    return new Credentials(uid, euid, suid, fsuid, real, effective, saved, effective, groups);
  }

  /** With other identities for file access. */
  public Credentials withFileAccess(int user, int group) {
    return new Credentials(uid, euid, suid, user, gid, egid, sgid, group, groups);
  }

  /** With other supplementary groups. */
  public Credentials withSupplementary(List<Integer> supplementary) {
    return new Credentials(
        uid, euid, suid, fsuid, gid, egid, sgid, fsgid, List.copyOf(supplementary));
  }
}
