package org.capvm.libos.processor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProcessorSharesTest {
  private static final ProcessorSet BOTH = ProcessorSet.below(2);
  private static final double LOOK_NANOS = 10e6;

  private final User jvm = new User();
  private final ProcessorShares shares = new ProcessorShares(2, jvm);
  private final User many = new User();
  private final User one = new User();

  private static final class User implements ProcessorUser {
    private int runnable;
    private long allocated;
    private ProcessorSet room = BOTH;
    private int changes;

    @Override
    public int processorLimit() {
      return Integer.MAX_VALUE;
    }

    @Override
    public double load() {
      return runnable;
    }

    @Override
    public long allocatedBytes() {
      return allocated;
    }

    @Override
    public void confineTo(ProcessorSet processors) {
      room = processors;
      changes++;
    }
  }

  ProcessorSharesTest() {
    shares.add(many);
    shares.add(one);
    many.runnable = 8;
  }

  private void look(int times) {
    for (int i = 0; i < times; i++) {
      shares.look(LOOK_NANOS);
    }
  }

  @Test
  void aNeighbourThatBeginsToWorkHasAProcessorAtTheNextLook() {
    look(20);
    assertThat(many.room).isEqualTo(BOTH);
    one.runnable = 1;
    look(1);
    assertThat(many.room).isEqualTo(ProcessorSet.range(1, 2));
    assertThat(one.room).isEqualTo(ProcessorSet.range(0, 1));
  }

  @Test
  void aNeighbourThatWorksAlreadyHasAProcessorAfterThreeLooksThatAskForIt() {
    many.runnable = 1;
    one.runnable = 1;
    look(100);
    many.runnable = 8;
    look(2);
    assertThat(many.room).isEqualTo(BOTH);
    look(1);
    assertThat(many.room).isEqualTo(ProcessorSet.range(1, 2));
  }

  @Test
  void whoWantsMuchNowAndAgainIsKeptApartInBetween() {
    one.runnable = 1;
    for (int burst = 0; burst < 10; burst++) {
      many.runnable = 100;
      look(20);
      many.runnable = 1;
      look(50);
    }
    assertThat(many.changes).isEqualTo(1);
    assertThat(one.room).isEqualTo(ProcessorSet.range(0, 1));
  }

  @Test
  void whoSleepsKeepsNothingHoweverMuchItWanted() {
    many.runnable = 100;
    one.runnable = 2;
    look(20);
    assertThat(one.room).isNotEqualTo(BOTH);
    many.runnable = 0;
    look(100);
    assertThat(one.room).isEqualTo(BOTH);
  }

  @Test
  void whatWasDividedStaysAsItIsWhileLoadsDo() {
    one.runnable = 1;
    look(200);
    assertThat(many.changes).isEqualTo(1);
    assertThat(one.changes).isEqualTo(1);
  }

  @Test
  void aNeighbourThatSleepsGivesItsProcessorBackByAndBy() {
    one.runnable = 1;
    look(20);
    one.runnable = 0;
    look(10);
    assertThat(many.room).isNotEqualTo(BOTH);
    look(40);
    assertThat(many.room).isEqualTo(BOTH);
    assertThat(one.room).isEqualTo(BOTH);
  }

  @Test
  void whoIsLeftAloneHasAllProcessorsAgain() {
    one.runnable = 1;
    look(20);
    shares.remove(one);
    shares.giveAll();
    assertThat(many.room).isEqualTo(BOTH);
  }

  @Test
  void theJvmWorksOnTheProcessorsOfWhoAllocatesMost() {
    one.runnable = 1;
    jvm.runnable = 1;
    for (int i = 0; i < 20; i++) {
      many.allocated += 1 << 20;
      one.allocated += 1 << 10;
      look(1);
    }
    assertThat(jvm.room).isEqualTo(many.room).isEqualTo(ProcessorSet.range(1, 2));
  }

  @Test
  void whatWasAllocatedBeforeItHadAShareCountsForNobody() {
    User third = new User();
    third.allocated = 1L << 40;
    third.runnable = 8;
    shares.add(third);
    many.allocated = 1 << 20;
    look(20);
    assertThat(jvm.room).isEqualTo(many.room).isNotEqualTo(third.room);
  }

  @Test
  void theJvmsWorkCountsAsDoneByWhoAllocatesMost() {
    many.runnable = 1;
    one.runnable = 1;
    look(100);
    assertThat(one.room).isEqualTo(BOTH);
    jvm.runnable = 1;
    for (int i = 0; i < 20; i++) {
      many.allocated += 1 << 20;
      look(1);
    }
    assertThat(one.room).isEqualTo(ProcessorSet.range(0, 1));
  }

  @Test
  void theJvmStaysWhereItIsWhileAnotherAllocatesAboutAsMuch() {
    one.runnable = 1;
    for (int i = 0; i < 100; i++) {
      many.allocated += 2 << 20;
      one.allocated += i < 50 ? 0 : 3 << 20;
      look(1);
    }
    assertThat(jvm.room).isEqualTo(many.room).isNotEqualTo(one.room);
    assertThat(jvm.changes).isEqualTo(1);
  }

  @Test
  void whoStartsWithWorkHasAProcessorAtTheNextLook() {
    many.runnable = 1;
    look(100);
    User third = new User();
    third.runnable = 2;
    shares.add(third);
    look(1);
    assertThat(many.room).isNotEqualTo(BOTH);
    assertThat(third.room).isNotEqualTo(many.room);
  }

  @Test
  void theJvmHasAllProcessorsOnceNobodyAllocatesAndAllWantAboutTheSame() {
    one.runnable = 6;
    many.allocated += 100 << 20;
    look(20);
    assertThat(jvm.room).isEqualTo(many.room);
    look(1000);
    assertThat(many.room).isNotEqualTo(BOTH);
    assertThat(jvm.room).isEqualTo(BOTH);
  }

  @Test
  void theJvmWorksOnTheProcessorsOfWhoWantsMuchMoreThanAllOthersIfNobodyAllocates() {
    one.runnable = 1;
    look(20);
    assertThat(jvm.room).isEqualTo(many.room).isNotEqualTo(BOTH);
  }

  @Test
  void theJvmHasAllProcessorsOnceWhoGaveItWorkHasEnded() {
    User third = new User();
    third.runnable = 1;
    shares.add(third);
    many.allocated += 100 << 20;
    look(20);
    assertThat(jvm.room).isNotEqualTo(BOTH);
    shares.remove(many);
    look(20);
    assertThat(jvm.room).isEqualTo(BOTH);
  }

  @Test
  void lookingSaysWhetherAnybodyDoesAnything() {
    assertThat(shares.look(LOOK_NANOS)).isTrue();
    many.runnable = 0;
    assertThat(shares.look(LOOK_NANOS)).isFalse();
  }
}
