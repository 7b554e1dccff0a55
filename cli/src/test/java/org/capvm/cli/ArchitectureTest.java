package org.capvm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.MemberRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.lang.reflect.Executable;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The direction of dependence between the modules, and what each may use of the platform. */
final class ArchitectureTest {

  private static final String PREFIX = "org.capvm.";

  /** For each module, the modules of CapVM that it may name in its descriptor. */
  private static final Map<String, Set<String>> MAY_USE =
      Map.of(
          "org.capvm.machine", Set.of(),
          "org.capvm.monitor", Set.of("org.capvm.machine"),
          "org.capvm.libos", Set.of("org.capvm.monitor", "org.capvm.machine"),
          "org.capvm.image", Set.of(),
          "org.capvm.engine",
              Set.of(
                  "org.capvm.libos", "org.capvm.image", "org.capvm.monitor", "org.capvm.machine"),
          "org.capvm.cli", Set.of("org.capvm.engine", "org.capvm.image"));

  private static final Set<String> TRUSTED = Set.of("org.capvm.machine", "org.capvm.monitor");

  /** Types whose every use is a step towards a native call. */
  private static final Set<String> NATIVE_CALL_TYPES =
      Set.of("java/lang/foreign/Linker", "java/lang/foreign/SymbolLookup");

  @Test
  void everyModuleOfTheCommandIsListedHere() {
    assertThat(modules().map(ResolvedModule::name)).hasSameElementsAs(MAY_USE.keySet());
  }

  @Test
  void modulesUseOnlyTheModulesBelowThem() {
    modules()
        .forEach(
            module ->
                assertThat(requiredBy(module))
                    .as("modules of CapVM required by %s", module.name())
                    .filteredOn(name -> name.startsWith(PREFIX))
                    .isSubsetOf(MAY_USE.get(module.name())));
  }

  @Test
  void theTrustedModulesUseTheBaseOfThePlatformAlone() {
    modules()
        .filter(module -> TRUSTED.contains(module.name()))
        .forEach(
            module ->
                assertThat(requiredBy(module))
                    .as("other modules required by %s", module.name())
                    .filteredOn(name -> !name.startsWith(PREFIX))
                    .containsExactly("java.base"));
  }

  @Test
  void restrictedNativeCallsStayInOnePackageOfAModule() throws IOException {
    for (ResolvedModule module : modules().toList()) {
      assertThat(packagesMakingNativeCalls(module.reference()))
          .as("packages of %s that make restricted native calls", module.name())
          .hasSizeLessThanOrEqualTo(1);
    }
  }

  @Test
  void restrictedNativeCallsAreSeenWhereTheyAre() throws IOException {
    ResolvedModule machine =
        modules()
            .filter(module -> module.name().equals("org.capvm.machine"))
            .findAny()
            .orElseThrow();
    assertThat(packagesMakingNativeCalls(machine.reference()))
        .containsExactly("org.capvm.machine.host");
  }

  private static Stream<ResolvedModule> modules() {
    return ModuleLayer.boot().configuration().modules().stream()
        .filter(module -> module.name().startsWith(PREFIX));
  }

  private static List<String> requiredBy(ResolvedModule module) {
    return module.reference().descriptor().requires().stream()
        .map(ModuleDescriptor.Requires::name)
        .toList();
  }

  private static Set<String> packagesMakingNativeCalls(ModuleReference module) throws IOException {
    Set<String> packages = new TreeSet<>();
    Map<String, Boolean> known = new HashMap<>();
    try (ModuleReader reader = module.open()) {
      for (String name : reader.list().filter(file -> file.endsWith(".class")).toList()) {
        byte[] bytes;
        try (var input = reader.open(name).orElseThrow()) {
          bytes = input.readAllBytes();
        }
        ClassModel type = ClassFile.of().parse(bytes);
        for (PoolEntry entry : type.constantPool()) {
          if (entry instanceof MemberRefEntry member && isNativeCall(member, known)) {
            packages.add(name.substring(0, name.lastIndexOf('/')).replace('/', '.'));
          }
        }
      }
    }
    return packages;
  }

  private static boolean isNativeCall(MemberRefEntry member, Map<String, Boolean> known) {
    String owner = member.owner().asInternalName();
    if (NATIVE_CALL_TYPES.contains(owner)) {
      return true;
    }
    if (!owner.startsWith("java/lang/")) {
      return false;
    }
    return known.computeIfAbsent(
        owner + "." + member.name().stringValue(),
        key -> isRestricted(owner.replace('/', '.'), member.name().stringValue()));
  }

  /** Whether the JDK marks a method of this name as restricted. */
  private static boolean isRestricted(String owner, String name) {
    Class<?> type;
    try {
      type = Class.forName(owner, false, ClassLoader.getPlatformClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
    return Arrays.stream(type.getDeclaredMethods())
        .filter(method -> method.getName().equals(name))
        .flatMap(ArchitectureTest::annotationsOf)
        .anyMatch("jdk.internal.javac.Restricted"::equals);
  }

  private static Stream<String> annotationsOf(Executable method) {
    return Arrays.stream(method.getAnnotations()).map(a -> a.annotationType().getName());
  }
}
