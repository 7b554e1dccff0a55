package org.capvm.machine.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class VerifierTest {
  static List<Snippet> accepted() {
    return Snippet.list("accepted.txt");
  }

  static List<Snippet> refused() {
    return Snippet.list("refused.txt");
  }

  @ParameterizedTest
  @MethodSource("accepted")
  void anAcceptedSnippetBreaksNoRule(Snippet snippet) {
    assertThat(Verifier.verify(snippet.unit())).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("refused")
  void aRefusedSnippetBreaksTheRuleItNames(Snippet snippet) {
    assertThat(Verifier.verify(snippet.unit()))
        .get()
        .extracting(Violation::rule)
        .isEqualTo(Rule.valueOf(snippet.verdict()));
  }

  @Test
  void everyRuleHasARefusedSnippet() {
    Set<Rule> rules = EnumSet.allOf(Rule.class);
    for (Snippet snippet : refused()) {
      rules.remove(Rule.valueOf(snippet.verdict()));
    }
    assertThat(rules).containsExactly(Rule.PATCH_SITE, Rule.ENTRY_POINT);
  }

  @Test
  void
      everyPrefixOfAnAcceptedSnippetThatEndsBeforeItsLastInstructionFallsOffTheEndOrBreaksASequence() {
    for (Snippet snippet : accepted()) {
      byte[] code = snippet.code();
      int end = Listing.decode(code).offset(Listing.decode(code).count() - 1);
      byte[] cut = Arrays.copyOf(code, end);
      if (cut.length > 0) {
        assertThat(Verifier.verify(Snippet.unit(cut))).as(snippet.title()).isPresent();
      }
    }
  }

  @Test
  void anEntryInsideAnInstructionIsRefused() {
    assertThat(ruleFor("b8 90 90 90 90 0f 0b", 1)).isEqualTo(Rule.ENTRY_POINT);
  }

  @Test
  void anEntryInsideASequenceIsRefused() {
    String tableJump = "41 89 c3 49 f7 d3 65 42 ff 24 dd 00 00 00 80";
    assertThat(ruleFor(tableJump, 3)).isEqualTo(Rule.ENTRY_POINT);
    assertThat(ruleFor(tableJump, 6)).isEqualTo(Rule.ENTRY_POINT);
    assertThat(ruleFor(tableJump, 0)).isNull();
  }

  @Test
  void anEntryWhereAStackTouchIsPendingIsRefused() {
    String stepAndTouch = "48 83 ec 08 50 0f 0b";
    assertThat(ruleFor(stepAndTouch, 4)).isEqualTo(Rule.ENTRY_POINT);
    assertThat(ruleFor(stepAndTouch, 5)).isNull();
  }

  @Test
  void anEntryOutsideTheUnitIsRefused() {
    assertThat(ruleFor("0f 0b", 2)).isEqualTo(Rule.ENTRY_POINT);
    assertThat(ruleFor("0f 0b", -1)).isEqualTo(Rule.ENTRY_POINT);
    assertThat(ruleFor("0f 0b", Integer.MAX_VALUE)).isEqualTo(Rule.ENTRY_POINT);
  }

  @Test
  void thePlaceOfABranchThatWillBePatchedIsItsAlignedDistance() {
    String branches = "90 90 90 e9 00 00 00 00 0f 84 00 00 00 00 0f 0b";
    assertThat(ruleForPatchSite(branches, 4)).isNull();
    assertThat(ruleForPatchSite(branches, 3)).isEqualTo(Rule.PATCH_SITE);
    assertThat(ruleForPatchSite(branches, 8)).isEqualTo(Rule.PATCH_SITE);
    assertThat(ruleForPatchSite(branches, 10)).isEqualTo(Rule.PATCH_SITE);
    assertThat(ruleForPatchSite(branches, -4)).isEqualTo(Rule.PATCH_SITE);
    assertThat(ruleForPatchSite("90 90 90 90 90 90 90 e9 00 00 00 00 0f 0b", 8)).isNull();
  }

  @Test
  void aDistanceIsAlignedInTheHostsMemoryNotInTheUnit() {
    byte[] branch = bytes("90 90 e9 00 00 00 00 0f 0b");
    int[] site = {3};
    TranslationUnit aligned =
        new TranslationUnit(
            branch, Snippet.HOST_ADDRESS + 1, new int[] {0}, site, target -> false, 0);
    assertThat(Verifier.verify(aligned)).isEmpty();
  }

  @Test
  void theDistanceOfAShortBranchCannotBePatched() {
    assertThat(ruleForPatchSite("90 90 90 eb 00 0f 0b", 4)).isEqualTo(Rule.PATCH_SITE);
  }

  @Test
  void aViolationNamesTheOffsetTheRuleAndTheInstruction() {
    Violation violation = Verifier.verify(Snippet.unit(bytes("90 0f 05 0f 0b"))).orElseThrow();
    assertThat(violation.offset()).isEqualTo(1);
    assertThat(violation.rule()).isEqualTo(Rule.ALLOWED_INSTRUCTION);
    assertThat(violation.instruction()).containsIgnoringCase("syscall");
    assertThat(violation)
        .hasToString("ALLOWED_INSTRUCTION at offset 0x1: " + violation.instruction());
  }

  private static Rule ruleFor(String hex, int entry) {
    TranslationUnit unit =
        new TranslationUnit(
            bytes(hex), Snippet.HOST_ADDRESS, new int[] {entry}, new int[0], target -> false, 0);
    return Verifier.verify(unit).map(Violation::rule).orElse(null);
  }

  @Test
  void fieldsOfTheContextAreWhereTheUnitSays() {
    String guestR11 = "64 4c 8b 1c 25 d8 fe ff ff"; // mov r11, fs:[-0x128]
    String setStackPointer = "89 c4 64 4c 8b 1c 25 20 ff ff ff 4a 8d 24 1c"; // fs:[-0xe0]
    assertThat(ruleForThreadFields(guestR11, -0x180)).isNull();
    assertThat(ruleForThreadFields(guestR11, 0x180)).isEqualTo(Rule.CONTEXT_FIELD);
    assertThat(ruleForThreadFields(guestR11, 0)).isEqualTo(Rule.CONTEXT_FIELD);
    assertThat(ruleForThreadFields(setStackPointer, -0x180)).isNull();
    assertThat(ruleForThreadFields(setStackPointer, -0x178)).isEqualTo(Rule.STACK_POINTER_WRITE);
  }

  private static Rule ruleForThreadFields(String hex, int threadFields) {
    TranslationUnit unit =
        new TranslationUnit(
            bytes(hex + " 0f 0b"),
            Snippet.HOST_ADDRESS,
            new int[] {0},
            new int[0],
            target -> false,
            threadFields);
    return Verifier.verify(unit).map(Violation::rule).orElse(null);
  }

  private static Rule ruleForPatchSite(String hex, int site) {
    TranslationUnit unit =
        new TranslationUnit(
            bytes(hex), Snippet.HOST_ADDRESS, new int[] {0}, new int[] {site}, target -> false, 0);
    return Verifier.verify(unit).map(Violation::rule).orElse(null);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }
}
