package org.capvm.monitor.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.monitor.capability.Permissions.ALL;
import static org.capvm.monitor.capability.Permissions.DELEGATE;
import static org.capvm.monitor.capability.Permissions.READ;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.capvm.monitor.capability.CapabilityException.Reason;

/** Each rule of the capability model, against random trees and random requests. */
class CapabilityRulesTest {
  private static final long BASE = 0x7000_0000_0000L;
  private static final long LENGTH = 1 << 16;

  private final CapabilityTree tree = new CapabilityTree(null);
  private final CapabilityObject object = capability -> {};
  private CapabilityTable holder;
  private CapabilityTable other;

  @BeforeTry
  void open() {
    holder = tree.newTable(1000);
    other = tree.newTable(1000);
  }

  @AfterTry
  void close() {
    tree.close(holder);
    tree.close(other);
  }

  /** Lengths and offsets at which arithmetic goes wrong, and others. */
  @Provide
  Arbitrary<Long> extents() {
    return Arbitraries.oneOf(
        Arbitraries.longs(),
        Arbitraries.longs().between(0, LENGTH + 2),
        Arbitraries.of(0L, 1L, 1L << 31, 1L << 32, Long.MIN_VALUE, -1L, -LENGTH, LENGTH));
  }

  @Property
  void aDerivedCapabilityIsNeverMoreThanItsParent(
      @ForAll("extents") long offset,
      @ForAll("extents") long length,
      @ForAll @IntRange(max = ALL) int parentPermissions,
      @ForAll int permissions) {
    Capability parent = tree.create(holder, object, BASE, LENGTH, parentPermissions);
    try {
      Capability child = tree.derive(parent, offset, length, permissions);
      assertThat(child.hostBase()).isBetween(BASE, BASE + LENGTH);
      assertThat(child.lengthBytes()).isBetween(0L, BASE + LENGTH - child.hostBase());
      assertThat(child.permissions() & ~parentPermissions).isZero();
    } catch (CapabilityException refused) {
      boolean inside = offset >= 0 && length >= 0 && offset <= LENGTH && length <= LENGTH - offset;
      boolean allowed = (permissions & ~parentPermissions) == 0;
      assertThat(inside && allowed).isFalse();
      assertThat(refused.reason()).isIn(Reason.OUT_OF_RANGE, Reason.NOT_PERMITTED);
    }
  }

  @Property
  void aGuessedHandleNamesNothing(@ForAll long guess, @ForAll @IntRange(max = 50) int entries) {
    List<Long> handles = new ArrayList<>();
    for (int i = 0; i < entries; i++) {
      handles.add(tree.create(holder, object, BASE, LENGTH, ALL).handle());
    }
    if (!handles.contains(guess)) {
      assertRefused(() -> holder.find(guess), Reason.NOT_VALID);
    }
    for (long handle : handles) {
      assertThat(holder.find(handle).handle()).isEqualTo(handle);
      assertRefused(() -> holder.find(handle + (1L << 32)), Reason.NOT_VALID);
      assertRefused(() -> holder.find(handle | 1L << 24), Reason.NOT_VALID);
      assertRefused(() -> other.find(handle), Reason.NOT_VALID);
    }
  }

  @Property
  void aRevocationKillsExactlyTheDescendants(
      @ForAll @Size(min = 1, max = 60) List<@IntRange(max = 1000) Integer> parents,
      @ForAll @IntRange(max = 1000) int victim) {
    List<Capability> all = new ArrayList<>();
    List<Integer> parentOf = new ArrayList<>();
    all.add(tree.create(holder, object, BASE, LENGTH, ALL));
    parentOf.add(-1);
    for (int choice : parents) {
      int parent = choice % all.size();
      boolean crosses = choice % 3 == 0;
      all.add(
          crosses
              ? tree.delegate(all.get(parent), other, ALL)
              : tree.derive(all.get(parent), 0, all.get(parent).lengthBytes(), ALL));
      parentOf.add(parent);
    }
    int revoked = victim % all.size();
    tree.revoke(all.get(revoked));
    int alive = 0;
    for (int i = 0; i < all.size(); i++) {
      int ancestor = i;
      while (ancestor != -1 && ancestor != revoked) {
        ancestor = parentOf.get(ancestor);
      }
      Capability each = all.get(i);
      assertThat(each.isValid()).isEqualTo(ancestor == -1);
      if (ancestor == -1) {
        alive++;
        assertThat(each.holder().find(each.handle())).isSameAs(each);
      } else {
        assertRefused(() -> each.holder().find(each.handle()), Reason.NOT_VALID);
        assertRefused(each::enter, Reason.NOT_VALID);
        assertRefused(() -> tree.derive(each, 0, 1, READ), Reason.NOT_VALID);
      }
    }
    assertThat(holder.live() + other.live()).isEqualTo(alive);
  }

  @Property
  void onlyWhoMayDelegateCanPassACopyOn(
      @ForAll @IntRange(max = ALL) int held, @ForAll @IntRange(max = ALL) int passed) {
    Capability parent = tree.create(holder, object, BASE, LENGTH, held);
    boolean may = (held & DELEGATE) != 0 && (passed & ~held) == 0;
    if (may) {
      Capability copy = tree.delegate(parent, other, passed);
      assertThat(copy.holder()).isSameAs(other);
      assertThat(copy.permissions()).isEqualTo(passed);
    } else {
      assertRefused(() -> tree.delegate(parent, other, passed), Reason.NOT_PERMITTED);
    }
  }

  @Property
  void aSealedCapabilityCanBeNeitherReadNorNarrowed(
      @ForAll @IntRange(min = 1) int seal, @ForAll int guess, @ForAll("extents") long offset) {
    Capability sealed = tree.seal(tree.create(holder, object, BASE, LENGTH, ALL), seal);
    assertRefused(() -> sealed.range(offset, 0, 0), Reason.SEALED);
    assertRefused(() -> tree.derive(sealed, 0, 1, READ), Reason.SEALED);
    assertRefused(() -> tree.seal(sealed, guess), Reason.SEALED);
    assertThat(tree.delegate(sealed, other, ALL).seal()).isEqualTo(seal);
    if (guess != seal) {
      assertRefused(() -> tree.unseal(sealed, guess), Reason.SEALED);
    }
    assertThat(tree.unseal(sealed, seal).range(0, LENGTH, ALL)).isEqualTo(BASE);
  }

  @Property(tries = 100)
  void noCvmHoldsMoreThanItsQuota(
      @ForAll @IntRange(max = 40) int quota, @ForAll @IntRange(max = 60) int wanted) {
    CapabilityTable small = tree.newTable(quota);
    Capability origin = tree.create(holder, object, BASE, LENGTH, ALL);
    List<Capability> made = new ArrayList<>();
    for (int i = 0; i < wanted; i++) {
      if (made.size() < quota) {
        made.add(tree.delegate(origin, small, ALL));
      } else {
        assertRefused(() -> tree.delegate(origin, small, ALL), Reason.QUOTA_EXCEEDED);
      }
    }
    // What is revoked counts no more, and its handle is not given out again.
    for (Capability each : made) {
      tree.revoke(each);
      Capability next = tree.delegate(origin, small, ALL);
      assertThat(next.handle()).isNotEqualTo(each.handle());
      assertRefused(() -> small.find(each.handle()), Reason.NOT_VALID);
    }
    tree.close(small);
    assertRefused(() -> tree.delegate(origin, small, ALL), Reason.NOT_VALID);
  }

  static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable request, Reason reason) {
    assertThatThrownBy(request)
        .isInstanceOfSatisfying(
            CapabilityException.class, refusal -> assertThat(refusal.reason()).isEqualTo(reason));
  }
}
