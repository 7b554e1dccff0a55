package org.capvm.libos.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CpuModelTest {
  private static final Set<String> EVERYTHING =
      Set.of(
          ("fpu tsc cx8 cmov clflush mmx fxsr sse sse2 ht pni pclmulqdq ssse3 fma cx16 sse4_1"
               + " sse4_2 movbe popcnt aes xsave avx f16c rdrand hypervisor lahf_lm abm"
               + " 3dnowprefetch fsgsbase bmi1 hle avx2 bmi2 erms rtm mpx avx512f rdseed adx sha_ni"
               + " avx512vl xsaveopt xsavec xsaves pku ospke amx_tile shstk ibt vaes gfni syscall"
               + " nx rdtscp lm constant_tsc sse4a topoext fsrm")
              .split(" "));

  private static CpuModel model(String vendor) {
    return new CpuModel(
        vendor,
        "Test Processor",
        0x000a0f11,
        2,
        EVERYTHING,
        List.of(
            new CpuModel.Cache(1, 1, 32 << 10, 64, 8, 1),
            new CpuModel.Cache(2, 3, 1 << 20, 64, 8, 1)));
  }

  @Test
  void whatTranslationDoesNotSupportIsNotThere() {
    int[] leaf7 = model("GenuineIntel").leaf(7, 0);
    int refused =
        1 /* fsgsbase */
            | 1 << 4 /* hle */
            | 1 << 11 /* rtm */
            | 1 << 14 /* mpx */
            | 1 << 16 /* avx512f */
            | 1 << 17
            | 1 << 28
            | 1 << 30
            | 1 << 31;
    assertThat(leaf7[1] & refused).isZero();
    assertThat(leaf7[2]).isZero();
    int amxAndShadowStacks = 1 << 20 | 1 << 22 | 1 << 24 | 1 << 25;
    assertThat(leaf7[3] & amxAndShadowStacks).isZero();
  }

  @Test
  void whatTranslationSupportsIsThere() {
    CpuModel model = model("GenuineIntel");
    int avxFmaAesXsave = 1 << 28 | 1 << 12 | 1 << 25 | 1 << 26 | 1 << 27;
    assertThat(model.leaf(1, 0)[2] & avxFmaAesXsave).isEqualTo(avxFmaAesXsave);
    int avx2BmiSha = 1 << 5 | 1 << 3 | 1 << 8 | 1 << 29;
    assertThat(model.leaf(7, 0)[1] & avx2BmiSha).isEqualTo(avx2BmiSha);
    assertThat(model.hardwareCapabilities()).isEqualTo(model.leaf(1, 0)[3]);
  }

  @Test
  void theSavedStateIsThatOfX87SseAndAvx() {
    CpuModel model = model("AuthenticAMD");
    assertThat(model.leaf(0xd, 0)).containsExactly(7, 832, 832, 0);
    assertThat(model.leaf(0xd, 1)).containsExactly(0, 0, 0, 0);
    assertThat(model.leaf(0xd, 2)).containsExactly(256, 576, 0, 0);
    assertThat(model.leaf(0xd, 5)).containsExactly(0, 0, 0, 0);
  }

  @Test
  void theVendorReadsTheSameInBothRanges() {
    for (String vendor : List.of("GenuineIntel", "AuthenticAMD")) {
      int[] basic = model(vendor).leaf(0, 0);
      int[] extended = model(vendor).leaf(0x8000_0000, 0);
      for (int register = 1; register < 4; register++) {
        assertThat(extended[register]).isEqualTo(basic[register]);
      }
    }
    assertThat(model("GenuineIntel").leaf(0, 0)[1]).isEqualTo(0x756e6547);
  }

  @Test
  void theTopologyHasAsManyProcessorsAsTheModel() {
    CpuModel model = model("GenuineIntel");
    assertThat(model.leaf(1, 0)[1] >>> 16 & 0xff).isEqualTo(2);
    assertThat(model.leaf(0xb, 1)[1]).isEqualTo(2);
    assertThat(model.leaf(0xb, 1)[0]).isEqualTo(1);
    assertThat(model.leaf(0xb, 2)[2]).isEqualTo(2);
  }

  @Test
  void aCacheHasTheSizeItsGeometryGives() {
    int[] first = model("GenuineIntel").leaf(4, 0);
    long ways = (first[1] >>> 22) + 1;
    long line = (first[1] & 0xfff) + 1;
    assertThat(ways * line * (first[2] + 1L)).isEqualTo(32 << 10);
    assertThat(model("GenuineIntel").leaf(4, 2)[0] & 0x1f).isZero();
  }

  @Test
  void leavesThatDoNotExistAreZero() {
    CpuModel model = model("GenuineIntel");
    assertThat(model.leaf(0x14, 0)).containsExactly(0, 0, 0, 0);
    assertThat(model.leaf(0x8000_0fff, 0)).containsExactly(0, 0, 0, 0);
    assertThat(model.leaf(-1, 0)).containsExactly(0, 0, 0, 0);
  }
}
