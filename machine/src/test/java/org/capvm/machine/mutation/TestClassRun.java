package org.capvm.machine.mutation;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Collection;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs the tests of a class, as some loader has it, up to the first that fails: those with a method
 * of their own, with parameters, or made by a factory.
 */
final class TestClassRun {
  private final Class<?> tests;

  TestClassRun(Class<?> tests) {
    this.tests = tests;
  }

  /** What the first test that fails says; empty if all pass. */
  Optional<Throwable> firstFailure() {
    for (Method method : tests.getDeclaredMethods()) {
      method.setAccessible(true);
      try {
        run(method);
      } catch (InvocationTargetException failure) {
        return Optional.of(failure.getCause());
      } catch (Throwable failure) {
        return Optional.of(failure);
      }
    }
    return Optional.empty();
  }

  private void run(Method method) throws Throwable {
    if (method.isAnnotationPresent(Test.class)) {
      method.invoke(instance());
    } else if (method.isAnnotationPresent(TestFactory.class)) {
      for (DynamicTest each :
          ((Stream<?>) method.invoke(instance())).map(DynamicTest.class::cast).toList()) {
        each.getExecutable().execute();
      }
    } else if (method.isAnnotationPresent(ParameterizedTest.class)) {
      String source = method.getAnnotation(MethodSource.class).value()[0];
      Method values = tests.getDeclaredMethod(source);
      values.setAccessible(true);
      for (Object each : (Collection<?>) values.invoke(null)) {
        method.invoke(instance(), each);
      }
    }
  }

  private Object instance() throws ReflectiveOperationException {
    var constructor = tests.getDeclaredConstructor();
    constructor.setAccessible(true);
    return constructor.newInstance();
  }
}
