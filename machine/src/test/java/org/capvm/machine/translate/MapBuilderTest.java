package org.capvm.machine.translate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said of host instructions while they are emitted is what the map says of them. */
class MapBuilderTest {
  private static final int PC = 0x400000;
  private static final int MAX_FIXUPS = 126;

  private final MapBuilder builder = new MapBuilder();

  @Test
  void whatIsSaidHoldsUpToTheNext() {
    builder.mark(0, PC, InstructionMap.COMMITTED);
    builder.mark(3, PC + 2, builder.stateOf(fixup(7)));
    builder.mark(5, 0xf0000000, InstructionMap.RESTARTABLE);
    InstructionMap map = builder.build();
    CodeLocation first = new CodeLocation(PC, false, RegisterFixup.NONE);
    CodeLocation second = new CodeLocation(PC + 2, false, fixup(7));
    CodeLocation third = new CodeLocation(0xf0000000L, true, RegisterFixup.NONE);
    assertThat(List.of(map.at(0), map.at(2))).containsOnly(first);
    assertThat(List.of(map.at(3), map.at(4))).containsOnly(second);
    assertThat(List.of(map.at(5), map.at(100))).containsOnly(third);
  }

  @Test
  void whatIsSaidLastOfAnOffsetHolds() {
    builder.mark(0, PC, InstructionMap.RESTARTABLE);
    builder.mark(0, PC + 1, InstructionMap.COMMITTED);
    builder.mark(4, PC + 2, InstructionMap.COMMITTED);
    builder.mark(4, PC + 3, InstructionMap.RESTARTABLE);
    InstructionMap map = builder.build();
    assertThat(map.at(0)).isEqualTo(new CodeLocation(PC + 1, false, RegisterFixup.NONE));
    assertThat(map.at(4)).isEqualTo(new CodeLocation(PC + 3, true, RegisterFixup.NONE));
  }

  @Test
  void asManyFixupsAsAByteCanNameAreKept() {
    for (int i = 0; i < MAX_FIXUPS; i++) {
      builder.mark(i, PC, builder.stateOf(fixup(i)));
      assertThat(builder.stateOf(fixup(i))).isEqualTo(InstructionMap.FIRST_FIXUP + i);
    }
    InstructionMap map = builder.build();
    assertThat(map.at(0).fixup()).isEqualTo(fixup(0));
    assertThat(map.at(MAX_FIXUPS - 1).fixup()).isEqualTo(fixup(MAX_FIXUPS - 1));
    assertThatThrownBy(() -> builder.stateOf(fixup(MAX_FIXUPS)))
        .isInstanceOf(IllegalStateException.class);
  }

  private static RegisterFixup fixup(int stripped) {
    return new RegisterFixup(stripped, List.of());
  }
}
