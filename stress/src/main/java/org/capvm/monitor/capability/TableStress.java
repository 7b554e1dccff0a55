package org.capvm.monitor.capability;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.capvm.machine.host.RawMemory;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Revocation, derivation, quotas and the reuse of entries, each against what races with it. */
public final class TableStress {
  private static final int REFUSED = -1;

  private static final CapabilityTree TREE = new CapabilityTree(null);
  private static final CapabilityObject OBJECT = capability -> {};

  /** States of one run share a table, as the threads of a cVM do. */
  private static final CapabilityTable SHARED = TREE.newTable(1 << 20);

  private static final CapabilityTable OTHER = TREE.newTable(1 << 20);

  private TableStress() {}

  private static Capability create() {
    return TREE.create(SHARED, OBJECT, 0x1000, 64, Permissions.ALL);
  }

  /** What a use of memory sees; 2 is what whoever revoked writes afterwards. */
  private static int readThrough(Capability capability, Word word) {
    try {
      capability.enter();
    } catch (CapabilityException refused) {
      return REFUSED;
    }
    try {
      return word.value;
    } finally {
      capability.leave();
    }
  }

  /** The same as gates do it in machine code, which looks at the native entry alone. */
  private static int readByEntry(long entry, long handle, Word word) {
    CapabilityTable.addInFlight(entry, 1);
    try {
      boolean named = RawMemory.getLongAcquire(entry + CapabilityLayout.HANDLE) == handle;
      return named ? word.value : REFUSED;
    } finally {
      CapabilityTable.addInFlight(entry, -1);
    }
  }

  /** A plain field: that its writer and its readers are ordered is the capability's doing. */
  private static final class Word {
    private int value = 1;
  }

  /** Whoever has revoked may reuse the memory at once. */
  @JCStressTest
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "Refused.")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "Used before the revocation returned.")
  @Outcome(expect = FORBIDDEN, desc = "Used after the revocation returned.")
  @State
  public static class RevokeAgainstUse {
    private final Capability parent = create();
    private final Capability child = TREE.derive(parent, 8, 8, Permissions.READ);
    private final Word word = new Word();

    /** Uses what was derived. */
    @Actor
    public void use(I_Result r) {
      r.r1 = readThrough(child, word);
    }

    /** Revokes what it was derived from, and writes. */
    @Actor
    public void revoke() {
      TREE.revoke(parent);
      word.value = 2;
    }
  }

  /** As {@link RevokeAgainstUse}, by the native entry; the entry is given to another at once. */
  @JCStressTest
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "Refused.")
  @Outcome(id = "1", expect = ACCEPTABLE, desc = "Used before the revocation returned.")
  @Outcome(expect = FORBIDDEN, desc = "Used after the revocation returned.")
  @State
  public static class RevokeAgainstUseByHandle {
    private final Capability capability = create();
    private final long entry = capability.entry();
    private final Word word = new Word();
    private Capability next;

    /** Uses the handle. */
    @Actor
    public void use(I_Result r) {
      r.r1 = readByEntry(entry, capability.handle(), word);
    }

    /** Revokes the capability and makes another one, most likely in the same entry. */
    @Actor
    public void revoke() {
      TREE.revoke(capability);
      word.value = 2;
      next = create();
    }

    /** Tidies up. */
    @Arbiter
    public void end() {
      TREE.revoke(next);
    }
  }

  /** Two revocations of one subtree, of which each must have waited for the other one's part. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = ACCEPTABLE, desc = "Both found it ended.")
  @Outcome(expect = FORBIDDEN, desc = "One returned too early.")
  @State
  public static class TwoRevocations {
    private final Capability parent = create();
    private final Capability child = TREE.derive(parent, 8, 8, Permissions.READ);

    /** Revokes all. */
    @Actor
    public void revokeParent(II_Result r) {
      TREE.revoke(parent);
      r.r1 = child.isGone() && parent.isGone() ? 1 : 0;
    }

    /** Revokes the child alone. */
    @Actor
    public void revokeChild(II_Result r) {
      TREE.revoke(child);
      r.r2 = child.isGone() ? 1 : 0;
    }
  }

  /** A handle is not found any more once its revocation has returned. */
  @JCStressTest
  @Outcome(
      id = {"0, 0", "0, 1"},
      expect = ACCEPTABLE,
      desc = "Not yet revoked, or just now.")
  @Outcome(id = "1, 0", expect = ACCEPTABLE, desc = "Revoked and not found.")
  @Outcome(expect = FORBIDDEN, desc = "Found after the revocation returned.")
  @State
  public static class RevokeAgainstLookup {
    private final Capability capability = create();
    private volatile boolean revoked;

    /** Looks the handle up. */
    @Actor
    public void find(II_Result r) {
      r.r1 = revoked ? 1 : 0;
      try {
        r.r2 = SHARED.find(capability.handle()) == capability ? 1 : 2;
      } catch (CapabilityException refused) {
        r.r2 = 0;
      }
    }

    /** Revokes it. */
    @Actor
    public void revoke() {
      TREE.revoke(capability);
      revoked = true;
    }
  }

  /** What is derived while its parent is revoked does not outlive it. */
  @JCStressTest
  @Outcome(
      id = {"-1", "0"},
      expect = ACCEPTABLE,
      desc = "Refused, or ended with its parent.")
  @Outcome(expect = FORBIDDEN, desc = "Outlived its parent.")
  @State
  public static class DeriveAgainstRevoke {
    private final Capability parent = create();
    private Capability child;

    /** Derives. */
    @Actor
    public void derive() {
      try {
        child = TREE.derive(parent, 8, 8, Permissions.READ);
      } catch (CapabilityException refused) {
        child = null;
      }
    }

    /** Revokes the parent. */
    @Actor
    public void revoke() {
      TREE.revoke(parent);
    }

    /** Looks at the child. */
    @Arbiter
    public void end(I_Result r) {
      r.r1 = child == null ? REFUSED : child.isValid() || !child.isGone() ? 1 : 0;
    }
  }

  /** As {@link DeriveAgainstRevoke}, for a copy in another cVM's table and one made of that. */
  @JCStressTest
  @Outcome(
      id = {"-1", "0"},
      expect = ACCEPTABLE,
      desc = "Refused, or ended with its parent.")
  @Outcome(expect = FORBIDDEN, desc = "Outlived its parent.")
  @State
  public static class DelegateAgainstRevoke {
    private final Capability parent = create();
    private final Capability granted = TREE.delegate(parent, OTHER, Permissions.ALL);
    private Capability last;

    /** Narrows what was granted. */
    @Actor
    public void derive() {
      try {
        last = TREE.lend(granted, SHARED, 0, 8, Permissions.READ);
      } catch (CapabilityException refused) {
        last = null;
      }
    }

    /** Revokes all that was derived, and then the first. */
    @Actor
    public void revoke() {
      TREE.revokeDerived(parent);
      TREE.revoke(parent);
    }

    /** Looks at the last. */
    @Arbiter
    public void end(I_Result r) {
      r.r1 = last == null ? REFUSED : last.isValid() || !last.isGone() ? 1 : 0;
    }
  }

  /** Of two that want the last entry of a quota one gets it. */
  @JCStressTest
  @Outcome(
      id = {"1, 0, 1", "0, 1, 1"},
      expect = ACCEPTABLE,
      desc = "One of them.")
  @Outcome(expect = FORBIDDEN, desc = "None, both, or a wrong count.")
  @State
  public static class QuotaContention {
    private final CapabilityTable table = TREE.newTable(1);

    private int tryCreate() {
      try {
        TREE.create(table, OBJECT, 0x1000, 64, Permissions.ALL);
        return 1;
      } catch (CapabilityException refused) {
        return 0;
      }
    }

    /** Makes one. */
    @Actor
    public void first(III_Result r) {
      r.r1 = tryCreate();
    }

    /** Makes one. */
    @Actor
    public void second(III_Result r) {
      r.r2 = tryCreate();
    }

    /** Counts and tidies up. */
    @Arbiter
    public void end(III_Result r) {
      r.r3 = table.live();
      TREE.close(table);
      if (table.live() != 0) {
        r.r3 = REFUSED;
      }
    }
  }

  /** A quota is given back exactly once, by whichever of two revocations. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 1"},
      expect = ACCEPTABLE,
      desc = "Given back once.")
  @Outcome(expect = FORBIDDEN, desc = "Given back never or twice.")
  @State
  public static class QuotaGivenBack {
    private final CapabilityTable table = TREE.newTable(1);
    private final Capability capability = TREE.create(table, OBJECT, 0x1000, 64, Permissions.ALL);

    /** Revokes. */
    @Actor
    public void first() {
      TREE.revoke(capability);
    }

    /** Revokes too, and makes another one if there is room then. */
    @Actor
    public void second(II_Result r) {
      TREE.revoke(capability);
      try {
        TREE.create(table, OBJECT, 0x1000, 64, Permissions.ALL);
        r.r1 = 1;
      } catch (CapabilityException refused) {
        r.r1 = 0;
      }
    }

    /** Counts what is there after one more try, and tidies up. */
    @Arbiter
    public void end(II_Result r) {
      try {
        TREE.create(table, OBJECT, 0x1000, 64, Permissions.ALL);
      } catch (CapabilityException full) {
        // The other one has it.
      }
      r.r2 = table.live();
      TREE.close(table);
    }
  }

  /** A handle never names what took over its entry. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 1"},
      expect = ACCEPTABLE,
      desc = "The old one, or none.")
  @Outcome(expect = FORBIDDEN, desc = "Another one, or the entry was not reused.")
  @State
  public static class EntryReuse {
    private final CapabilityTable table = TREE.newTable(1);
    private final Capability old = TREE.create(table, OBJECT, 0x1000, 64, Permissions.ALL);

    /** Looks the old handle up, as Java and as machine code does. */
    @Actor
    public void find(II_Result r) {
      int found = 0;
      for (int i = 0; i < 3; i++) {
        try {
          found = Math.max(found, table.find(old.handle()) == old ? 1 : 2);
        } catch (CapabilityException refused) {
          // As it should be once it is revoked.
        }
      }
      r.r1 = found;
    }

    /** Ends it and makes another one. */
    @Actor
    public void reuse(II_Result r) {
      TREE.revoke(old);
      Capability next = TREE.create(table, OBJECT, 0x2000, 64, Permissions.ALL);
      r.r2 = next.entry() == old.entry() && next.handle() != old.handle() ? 1 : 0;
    }

    /** Tidies up. */
    @Arbiter
    public void end() {
      TREE.close(table);
    }
  }

  /** Nothing is added to a table that was closed. */
  @JCStressTest
  @Outcome(
      id = {"-1, 0", "0, 0"},
      expect = ACCEPTABLE,
      desc = "Refused, or ended with the table.")
  @Outcome(expect = FORBIDDEN, desc = "Outlived the table.")
  @State
  public static class CloseAgainstDelegate {
    private final CapabilityTable table = TREE.newTable(4);
    private final Capability given = create();
    private Capability made;

    /** Passes one to the cVM that ends. */
    @Actor
    public void delegate() {
      try {
        made = TREE.delegate(given, table, Permissions.READ);
      } catch (CapabilityException refused) {
        made = null;
      }
    }

    /** Ends it. */
    @Actor
    public void close() {
      TREE.close(table);
    }

    /** Looks at what was passed, and tidies up. */
    @Arbiter
    public void end(II_Result r) {
      r.r1 = made == null ? REFUSED : made.isValid() ? 1 : 0;
      r.r2 = table.live();
      TREE.revoke(given);
    }
  }
}
