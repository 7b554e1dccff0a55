package org.capvm.monitor.channel;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.util.concurrent.atomic.AtomicLong;
import org.capvm.monitor.capability.CapabilityException;
import org.capvm.monitor.capability.CapabilityException.Reason;
import org.capvm.monitor.capability.CapabilityTree;
import org.capvm.monitor.capability.Permissions;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** Publishing, opening and the end of the owner, each against another one. */
public final class PublicationStress {
  private static final Channels CHANNELS = new Channels(new CapabilityTree(null));
  private static final Compartment OWNER = CHANNELS.newCompartment("owner", 1 << 20);
  private static final Compartment USER = CHANNELS.newCompartment("user", 1 << 20);
  private static final AtomicLong NAMES = new AtomicLong();

  private PublicationStress() {}

  private static String newName() {
    return "n" + NAMES.getAndIncrement();
  }

  /** 0, or what kept the file from being published. */
  private static int publish(Compartment owner, String name) {
    try {
      owner.allocate(name, 64, Permissions.ALL).grant("*", Permissions.READ);
      return 0;
    } catch (CapabilityException refused) {
      return refused.reason() == Reason.NAME_TAKEN ? 1 : 2;
    }
  }

  private static int open(String name) {
    try {
      return USER.open(name).isValid() ? 0 : 3;
    } catch (CapabilityException refused) {
      return refused.reason() == Reason.UNKNOWN_NAME ? 1 : 2;
    }
  }

  private static void end(String name) {
    OWNER.open(name);
    CHANNELS.find(OWNER, name).end();
  }

  /** Of two that publish one name one succeeds. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "1, 0"},
      expect = ACCEPTABLE,
      desc = "One, and the other one is told.")
  @Outcome(expect = FORBIDDEN, desc = "Both, or none.")
  @State
  public static class PublishTwice {
    private final String name = newName();

    /** Publishes. */
    @Actor
    public void first(II_Result r) {
      r.r1 = publish(OWNER, name);
    }

    /** Publishes. */
    @Actor
    public void second(II_Result r) {
      r.r2 = publish(OWNER, name);
    }

    /** Tidies up. */
    @Arbiter
    public void end() {
      PublicationStress.end(name);
    }
  }

  /** A name is there as a whole or not at all, and stays. */
  @JCStressTest
  @Outcome(
      id = {"0, 0", "1, 0"},
      expect = ACCEPTABLE,
      desc = "Before or after.")
  @Outcome(expect = FORBIDDEN, desc = "Half published.")
  @State
  public static class PublishAgainstOpen {
    private final String name = newName();

    /** Publishes. */
    @Actor
    public void publish() {
      PublicationStress.publish(OWNER, name);
    }

    /** Opens. */
    @Actor
    public void open(II_Result r) {
      r.r1 = PublicationStress.open("owner/" + name);
    }

    /** Opens again, and tidies up. */
    @Arbiter
    public void end(II_Result r) {
      r.r2 = PublicationStress.open("owner/" + name);
      PublicationStress.end(name);
    }
  }

  /** What is opened while the owner withdraws it ends with it. */
  @JCStressTest
  @Outcome(
      id = {"0", "1"},
      expect = ACCEPTABLE,
      desc = "Not opened, or ended.")
  @Outcome(expect = FORBIDDEN, desc = "Outlived its owner's.")
  @State
  public static class WithdrawAgainstOpen {
    private final String name = newName();
    private final CpFile file = OWNER.allocate(name, 64, Permissions.ALL);
    private SharedCapability opened;

    /** Grants before anybody looks. */
    public WithdrawAgainstOpen() {
      file.grant("user", Permissions.READ);
    }

    /** Opens. */
    @Actor
    public void open() {
      try {
        opened = USER.open("owner/" + name);
      } catch (CapabilityException refused) {
        opened = null;
      }
    }

    /** Withdraws. */
    @Actor
    public void close() {
      file.close();
    }

    /** Looks at what was opened and at the name. */
    @Arbiter
    public void end(I_Result r) {
      boolean left = PublicationStress.open("owner/" + name) != 1;
      r.r1 = left ? 3 : opened == null ? 1 : opened.isValid() ? 2 : 0;
    }
  }

  /** Nothing stays published of a cVM that has ended. */
  @JCStressTest
  @Outcome(
      id = {"0, 1", "2, 1"},
      expect = ACCEPTABLE,
      desc = "Published and ended, or refused.")
  @Outcome(expect = FORBIDDEN, desc = "The name is left.")
  @State
  public static class EndAgainstPublish {
    private final Compartment owner = CHANNELS.newCompartment("short", 8);
    private final String name = newName();

    /** Publishes. */
    @Actor
    public void publish(II_Result r) {
      r.r1 = PublicationStress.publish(owner, name);
    }

    /** Ends. */
    @Actor
    public void close() {
      owner.close();
    }

    /** Opens. */
    @Arbiter
    public void end(II_Result r) {
      r.r2 = PublicationStress.open(owner.name() + "/" + name);
    }
  }
}
