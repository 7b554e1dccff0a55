package org.capvm.machine.code;

import java.util.Arrays;
import org.capvm.machine.translate.Translation;
import org.capvm.machine.verify.TranslationUnit;
import org.capvm.machine.verify.Verifier;

/** Looks at the bytes of a translation before any guest can reach them. */
@FunctionalInterface
public interface TranslationCheck {
  /** Lets pass what the verifier accepts. */
  TranslationCheck VERIFIER =
      (translation, hostAddress, gates) ->
          Verifier.verify(
                  new TranslationUnit(
                      Arrays.copyOf(translation.code(), translation.lengthBytes()),
                      hostAddress,
                      translation.entries().offsets(),
                      translation.branches().sites(),
                      gates::contains,
                      gates.threadFields()))
              .ifPresent(
                  violation -> {
                    throw new IllegalStateException(
                        "translation of guest pcs 0x%x to 0x%x: %s"
                            .formatted(translation.lowestPc(), translation.highestPc(), violation));
                  });

  /** Trusts the translator. */
  TranslationCheck NONE = (translation, hostAddress, gates) -> {};

  /**
   * Checks a translation.
   *
   * @param hostAddress where its first byte will be executed
   * @param gates the addresses outside itself that it may jump to
   * @throws IllegalStateException if it breaks an invariant; the translation is not used
   */
  void check(Translation translation, long hostAddress, GateEntries gates);
}
