package org.capvm.machine.code;

import org.capvm.machine.translate.Translation;

/** Looks at the bytes of a translation before any guest can reach them. */
@FunctionalInterface
public interface TranslationCheck {
  /** Lets everything pass. */
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
