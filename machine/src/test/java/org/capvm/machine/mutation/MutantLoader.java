package org.capvm.machine.mutation;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Loads classes of the module and its tests anew, some of them changed, and makes them burn fuel.
 */
final class MutantLoader extends ClassLoader {
  private static final List<Path> DIRECTORIES =
      List.of(Path.of("target/classes"), Path.of("target/test-classes"));
  private static final ClassDesc FUEL = ClassDesc.of(Fuel.class.getName());

  /** Class files that burn fuel, as they are loaded with each mutant that is not of the class. */
  private static final Map<String, byte[]> AS_BUILT = new ConcurrentHashMap<>();

  private final List<String> prefixes;
  private final Map<String, byte[]> changed;

  /**
   * @param parent where all classes come from but those whose names begin with a prefix
   * @param changed class files to use instead of the built ones
   */
  MutantLoader(ClassLoader parent, List<String> prefixes, Map<String, byte[]> changed) {
    super(parent);
    this.prefixes = prefixes;
    this.changed = changed;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      return prefixes.stream().anyMatch(name::startsWith)
          ? define(name)
          : super.loadClass(name, resolve);
    }
  }

  private Class<?> define(String name) throws ClassNotFoundException {
    byte[] bytes = changed.get(name);
    byte[] burning = bytes == null ? asBuilt(name) : burning(bytes);
    return defineClass(name, burning, 0, burning.length);
  }

  private byte[] asBuilt(String name) throws ClassNotFoundException {
    byte[] known = AS_BUILT.get(name);
    if (known == null) {
      try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
        byte[] bytes = in.readAllBytes();
        known = name.equals(Fuel.class.getName()) ? bytes : burning(bytes);
      } catch (IOException unreadable) {
        throw new ClassNotFoundException(name, unreadable);
      }
      AS_BUILT.put(name, known);
    }
    return known;
  }

  private static byte[] burning(byte[] bytes) {
    MethodTypeDesc burn = MethodTypeDesc.of(ConstantDescs.CD_void);
    return ClassFile.of()
        .transformClass(
            ClassFile.of().parse(bytes),
            ClassTransform.transformingMethodBodies(
                (code, element) -> {
                  if (element instanceof BranchInstruction) {
                    code.invokestatic(FUEL, "burn", burn);
                  }
                  code.with(element);
                }));
  }

  @Override
  public InputStream getResourceAsStream(String name) {
    for (Path directory : DIRECTORIES) {
      Path file = directory.resolve(name);
      if (Files.exists(file)) {
        try {
          return Files.newInputStream(file);
        } catch (IOException unreadable) {
          throw new UncheckedIOException(unreadable);
        }
      }
    }
    return null;
  }
}
