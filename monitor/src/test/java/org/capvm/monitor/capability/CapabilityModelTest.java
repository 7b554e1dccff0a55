package org.capvm.monitor.capability;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.capvm.monitor.capability.CapabilityException.Reason;

/** Random sequences of requests, each compared with what a model of a few lines says about it. */
class CapabilityModelTest {
  private static final long BASE = 0x7000_0000_0000L;
  private static final long LENGTH = 64;
  private static final int QUOTA = 12;

  enum Kind {
    CREATE,
    DERIVE,
    DELEGATE,
    SEAL,
    UNSEAL,
    REVOKE,
    REVOKE_DERIVED,
    USE
  }

  /** What is asked for; {@code chosen} picks one of the capabilities made so far, dead or alive. */
  record Request(Kind kind, int chosen, long offset, long length, int permissions, int seal) {}

  /** What the model knows of a capability. */
  private static final class Expected {
    final Expected parent;
    final int holder;
    final long offset;
    final long length;
    final int permissions;
    final int seal;
    boolean alive = true;

    Expected(Expected parent, int holder, long offset, long length, int permissions, int seal) {
      this.parent = parent;
      this.holder = holder;
      this.offset = offset;
      this.length = length;
      this.permissions = permissions;
      this.seal = seal;
    }

    boolean descendsFrom(Expected other) {
      for (Expected each = parent; each != null; each = each.parent) {
        if (each == other) {
          return true;
        }
      }
      return false;
    }
  }

  private final List<Expected> model = new ArrayList<>();
  private final List<Capability> made = new ArrayList<>();

  @Provide
  Arbitrary<List<Request>> requests() {
    Arbitrary<Long> extents =
        Arbitraries.oneOf(
            Arbitraries.longs().between(0, LENGTH + 1),
            Arbitraries.of(0L, LENGTH, 1L << 32, Long.MIN_VALUE, -1L, -LENGTH));
    return Combinators.combine(
            Arbitraries.of(Kind.class),
            Arbitraries.integers().between(0, 1000),
            extents,
            extents,
            Arbitraries.frequencyOf(
                Tuple.of(3, Arbitraries.just(Permissions.ALL)),
                Tuple.of(2, Arbitraries.integers().between(0, Permissions.ALL))),
            Arbitraries.integers().between(0, 2))
        .as(Request::new)
        .list()
        .ofMaxSize(80);
  }

  @Property(tries = 300)
  void everySequenceOfRequestsEndsAsTheModelSays(@ForAll("requests") List<Request> requests) {
    model.clear();
    made.clear();
    CapabilityTree tree = new CapabilityTree(null);
    CapabilityTable[] tables = {tree.newTable(QUOTA), tree.newTable(QUOTA)};
    try {
      for (Request request : requests) {
        Reason expected = expected(request);
        Reason got = null;
        try {
          carryOut(tree, tables, request);
        } catch (CapabilityException refusal) {
          got = refusal.reason();
        }
        assertThat(got).as("%s", request).isEqualTo(expected);
        if (got == null) {
          apply(request);
        }
        compare(tables);
      }
    } finally {
      tree.close(tables[0]);
      tree.close(tables[1]);
    }
  }

  private int index(Request request) {
    return request.chosen % made.size();
  }

  /** Why the request must be refused, or null. */
  private Reason expected(Request request) {
    if (request.kind == Kind.CREATE || made.isEmpty()) {
      return full(request.chosen % 2);
    }
    Expected parent = model.get(index(request));
    if (request.kind == Kind.REVOKE || request.kind == Kind.REVOKE_DERIVED) {
      return null;
    }
    if (!parent.alive) {
      return Reason.NOT_VALID;
    }
    boolean more = (request.permissions & ~parent.permissions) != 0;
    boolean inside =
        request.offset >= 0
            && request.offset <= parent.length
            && request.length >= 0
            && request.length <= parent.length - request.offset;
    Reason refusal =
        switch (request.kind) {
          case DERIVE, USE ->
              parent.seal != 0
                  ? Reason.SEALED
                  : more ? Reason.NOT_PERMITTED : inside ? null : Reason.OUT_OF_RANGE;
          case DELEGATE ->
              more || (parent.permissions & Permissions.DELEGATE) == 0
                  ? Reason.NOT_PERMITTED
                  : null;
          case SEAL -> parent.seal != 0 || request.seal == 0 ? Reason.SEALED : null;
          case UNSEAL -> parent.seal != request.seal || request.seal == 0 ? Reason.SEALED : null;
          case CREATE, REVOKE, REVOKE_DERIVED -> null;
        };
    if (refusal != null || request.kind == Kind.USE) {
      return refusal;
    }
    return full(request.kind == Kind.DELEGATE ? 1 - parent.holder : parent.holder);
  }

  private Reason full(int holder) {
    long held = model.stream().filter(each -> each.alive && each.holder == holder).count();
    return held == QUOTA ? Reason.QUOTA_EXCEEDED : null;
  }

  private void carryOut(CapabilityTree tree, CapabilityTable[] tables, Request request) {
    if (request.kind == Kind.CREATE || made.isEmpty()) {
      made.add(
          tree.create(tables[request.chosen % 2], each -> {}, BASE, LENGTH, request.permissions));
      return;
    }
    Capability parent = made.get(index(request));
    switch (request.kind) {
      case DERIVE ->
          made.add(tree.derive(parent, request.offset, request.length, request.permissions));
      case DELEGATE ->
          made.add(
              tree.delegate(
                  parent, tables[parent.holder() == tables[0] ? 1 : 0], request.permissions));
      case SEAL -> made.add(tree.seal(parent, request.seal));
      case UNSEAL -> made.add(tree.unseal(parent, request.seal));
      case REVOKE -> tree.revoke(parent);
      case REVOKE_DERIVED -> tree.revokeDerived(parent);
      case USE -> use(parent, request);
      case CREATE -> throw new AssertionError();
    }
  }

  private void use(Capability capability, Request request) {
    capability.enter();
    try {
      long address = capability.range(request.offset, request.length, request.permissions);
      Expected expected = model.get(index(request));
      assertThat(address).isEqualTo(BASE + expected.offset + request.offset);
    } finally {
      capability.leave();
    }
  }

  private void apply(Request request) {
    if (made.size() > model.size()) {
      model.add(added(request));
      return;
    }
    if (request.kind == Kind.REVOKE || request.kind == Kind.REVOKE_DERIVED) {
      Expected top = model.get(index(request));
      for (Expected each : model) {
        if (each.descendsFrom(top) || (each == top && request.kind == Kind.REVOKE)) {
          each.alive = false;
        }
      }
    }
  }

  private Expected added(Request request) {
    if (request.kind == Kind.CREATE || model.isEmpty()) {
      return new Expected(null, request.chosen % 2, 0, LENGTH, request.permissions, 0);
    }
    // The one just made was not there when the request chose.
    Expected parent = model.get(request.chosen % model.size());
    return switch (request.kind) {
      case DERIVE ->
          new Expected(
              parent,
              parent.holder,
              parent.offset + request.offset,
              request.length,
              request.permissions,
              0);
      case DELEGATE ->
          new Expected(
              parent,
              1 - parent.holder,
              parent.offset,
              parent.length,
              request.permissions,
              parent.seal);
      case SEAL, UNSEAL ->
          new Expected(
              parent,
              parent.holder,
              parent.offset,
              parent.length,
              parent.permissions,
              request.kind == Kind.SEAL ? request.seal : 0);
      case CREATE, REVOKE, REVOKE_DERIVED, USE -> throw new AssertionError(request);
    };
  }

  private void compare(CapabilityTable[] tables) {
    for (int i = 0; i < made.size(); i++) {
      Expected expected = model.get(i);
      Capability capability = made.get(i);
      assertThat(capability.isValid()).isEqualTo(expected.alive);
      assertThat(capability.holder()).isSameAs(tables[expected.holder]);
      assertThat(capability.hostBase()).isEqualTo(BASE + expected.offset);
      assertThat(capability.lengthBytes()).isEqualTo(expected.length);
      assertThat(capability.permissions()).isEqualTo(expected.permissions);
      assertThat(capability.seal()).isEqualTo(expected.seal);
      if (!expected.alive) {
        CapabilityRulesTest.assertRefused(
            () -> tables[expected.holder].find(capability.handle()), Reason.NOT_VALID);
      }
    }
    for (int holder = 0; holder < 2; holder++) {
      int which = holder;
      assertThat(tables[holder].live())
          .isEqualTo((int) model.stream().filter(e -> e.alive && e.holder == which).count());
    }
  }
}
