package org.capvm.monitor.gate;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.machine.layout.Gpr.NONE;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Executors;
import org.capvm.machine.assemble.Assembler;
import org.capvm.machine.assemble.Memory;
import org.capvm.machine.assemble.Memory.Segment;
import org.capvm.machine.code.CodeCache;
import org.capvm.machine.host.NativeCall;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** GS has the base that it was given, in each way that this host has. */
class SegmentBasesTest {
  /** {@code long (long base)}: the word that GS base points to, once it is the given one. */
  private static final MethodHandle WORD_AT_GS =
      NativeCall.ofCode(FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));

  static Set<SegmentBases> waysOfThisHost() {
    return EnumSet.of(SegmentBases.ofHost(), SegmentBases.BY_SYSTEM_CALL);
  }

  @ParameterizedTest
  @MethodSource("waysOfThisHost")
  void gsPointsWhereItWasSetTo(SegmentBases bases) throws Exception {
    // On a thread of its own: gates take it that nobody else sets GS.
    try (var thread = Executors.newSingleThreadExecutor()) {
      thread.submit(() -> assertThatGsPointsWhereItWasSetTo(bases)).get();
    }
  }

  private static Void assertThatGsPointsWhereItWasSetTo(SegmentBases bases) {
    try (CodeCache cache = CodeCache.create(CodeCache.GATE_BYTES * 2L);
        Arena arena = Arena.ofConfined()) {
      MemorySegment code = codeOf(cache, bases);
      MemorySegment words = arena.allocate(2 * Long.BYTES, Long.BYTES);
      words.setAtIndex(JAVA_LONG, 0, 47);
      words.setAtIndex(JAVA_LONG, 1, 11);
      assertThat(wordAtGs(code, words.address())).isEqualTo(47);
      assertThat(wordAtGs(code, words.address() + Long.BYTES)).isEqualTo(11);
      return null;
    }
  }

  private static long wordAtGs(MemorySegment code, long base) {
    try {
      return (long) WORD_AT_GS.invokeExact(code, base);
    } catch (Throwable thrown) {
      throw NativeCall.unexpected(thrown);
    }
  }

  private static MemorySegment codeOf(CodeCache cache, SegmentBases bases) {
    Assembler a = new Assembler();
    a.mov64(RCX, RDI);
    bases.setGs(a, ThreadFields.ofProcess());
    a.mov64(RAX, new Memory(Segment.GS, NONE, NONE, 1, 0, 64));
    a.ret();
    byte[] code = a.assembleAt(cache.executableAddress());
    cache.write(0, code, code.length);
    return MemorySegment.ofAddress(cache.executableAddress());
  }
}
