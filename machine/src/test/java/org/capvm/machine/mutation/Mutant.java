package org.capvm.machine.mutation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A class of the trusted base with one thing broken on purpose.
 *
 * @param className binary name of the class
 * @param method the method, with its parameters
 * @param kind what was done to it
 * @param ordinal which of the places in the method where that can be done, from 0
 * @param bytes the class file
 */
record Mutant(String className, String method, Kind kind, int ordinal, byte[] bytes) {
  private static final Path CLASSES = Path.of("target/classes");

  /** A way to break one instruction of a method. */
  enum Kind {
    /** A condition holds when it should not, and the reverse. */
    CONDITION {
      @Override
      boolean applies(CodeElement element) {
        return element instanceof BranchInstruction branch && inverse(branch.opcode()) != null;
      }

      @Override
      void apply(CodeBuilder code, CodeElement element) {
        BranchInstruction branch = (BranchInstruction) element;
        code.with(BranchInstruction.of(inverse(branch.opcode()), branch.target()));
      }
    },
    /** An integer, which may be a byte of an emitted sequence, is one more; 1, or true, is 0. */
    CONSTANT {
      @Override
      boolean applies(CodeElement element) {
        return element instanceof ConstantInstruction constant
            && constant.constantValue() instanceof Integer;
      }

      @Override
      void apply(CodeBuilder code, CodeElement element) {
        int value = (int) ((ConstantInstruction) element).constantValue();
        code.loadConstant(value == 1 ? 0 : value + 1);
      }
    },
    /** A sum is a difference, a bit of both is one of either, a shift is to the other side. */
    OPERATOR {
      @Override
      boolean applies(CodeElement element) {
        return element instanceof OperatorInstruction operator && other(operator.opcode()) != null;
      }

      @Override
      void apply(CodeBuilder code, CodeElement element) {
        code.with(OperatorInstruction.of(other(((OperatorInstruction) element).opcode())));
      }
    },
    /** A call for its effect, which may be a step of an emitted sequence, is left out. */
    CALL {
      @Override
      boolean applies(CodeElement element) {
        return element instanceof InvokeInstruction call
            && !call.name().equalsString(ConstantDescs.INIT_NAME)
            && call.typeSymbol().returnType().equals(ConstantDescs.CD_void);
      }

      @Override
      void apply(CodeBuilder code, CodeElement element) {
        InvokeInstruction call = (InvokeInstruction) element;
        List<ClassDesc> parameters = call.typeSymbol().parameterList();
        for (ClassDesc parameter : parameters.reversed()) {
          drop(code, parameter);
        }
        if (call.opcode() != Opcode.INVOKESTATIC) {
          code.pop();
        }
      }

      private static void drop(CodeBuilder code, ClassDesc type) {
        if (TypeKind.from(type).slotSize() == 2) {
          code.pop2();
        } else {
          code.pop();
        }
      }
    },
    /** A name, such as that of an instruction with a rule of its own, is none. */
    NAME {
      @Override
      boolean applies(CodeElement element) {
        return element instanceof ConstantInstruction constant
            && constant.constantValue() instanceof String;
      }

      @Override
      void apply(CodeBuilder code, CodeElement element) {
        code.loadConstant(((ConstantInstruction) element).constantValue() + " ");
      }
    },
    /** A rule of the verifier is never found broken. */
    RULE {
      @Override
      boolean applies(CodeElement element) {
        return element instanceof FieldInstruction field
            && field.opcode() == Opcode.GETSTATIC
            && field.owner().asInternalName().endsWith("/Rule");
      }

      @Override
      void apply(CodeBuilder code, CodeElement element) {
        code.aconst_null();
      }
    };

    abstract boolean applies(CodeElement element);

    abstract void apply(CodeBuilder code, CodeElement element);

    private static Opcode other(Opcode opcode) {
      return switch (opcode) {
        case IADD -> Opcode.ISUB;
        case ISUB -> Opcode.IADD;
        case LADD -> Opcode.LSUB;
        case LSUB -> Opcode.LADD;
        case IAND -> Opcode.IOR;
        case IOR -> Opcode.IAND;
        case LAND -> Opcode.LOR;
        case LOR -> Opcode.LAND;
        case ISHL -> Opcode.ISHR;
        case ISHR, IUSHR -> Opcode.ISHL;
        default -> null;
      };
    }

    private static Opcode inverse(Opcode opcode) {
      return switch (opcode) {
        case IFEQ -> Opcode.IFNE;
        case IFNE -> Opcode.IFEQ;
        case IFLT -> Opcode.IFGE;
        case IFGE -> Opcode.IFLT;
        case IFGT -> Opcode.IFLE;
        case IFLE -> Opcode.IFGT;
        case IF_ICMPEQ -> Opcode.IF_ICMPNE;
        case IF_ICMPNE -> Opcode.IF_ICMPEQ;
        case IF_ICMPLT -> Opcode.IF_ICMPGE;
        case IF_ICMPGE -> Opcode.IF_ICMPLT;
        case IF_ICMPGT -> Opcode.IF_ICMPLE;
        case IF_ICMPLE -> Opcode.IF_ICMPGT;
        case IF_ACMPEQ -> Opcode.IF_ACMPNE;
        case IF_ACMPNE -> Opcode.IF_ACMPEQ;
        case IFNULL -> Opcode.IFNONNULL;
        case IFNONNULL -> Opcode.IFNULL;
        default -> null;
      };
    }
  }

  /** Every way to break one thing in a class. */
  static List<Mutant> of(String className) {
    ClassModel model;
    try {
      model = ClassFile.of().parse(CLASSES.resolve(className.replace('.', '/') + ".class"));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    List<Mutant> mutants = new ArrayList<>();
    for (MethodModel method : model.methods()) {
      if (method.code().isEmpty()) {
        continue;
      }
      for (Kind kind : kindsFor(method)) {
        long places = method.code().get().elementStream().filter(kind::applies).count();
        for (int ordinal = 0; ordinal < places; ordinal++) {
          String name =
              method.methodName().stringValue() + method.methodTypeSymbol().displayDescriptor();
          mutants.add(
              new Mutant(className, name, kind, ordinal, broken(model, method, kind, ordinal)));
        }
      }
    }
    return mutants;
  }

  /** In the tables of a class only names are changed. */
  private static Set<Kind> kindsFor(MethodModel method) {
    return method.methodName().equalsString(ConstantDescs.CLASS_INIT_NAME)
        ? EnumSet.of(Kind.NAME)
        : EnumSet.allOf(Kind.class);
  }

  private static byte[] broken(ClassModel model, MethodModel where, Kind kind, int ordinal) {
    int[] seen = {0};
    CodeTransform transform =
        (code, element) -> {
          if (kind.applies(element) && seen[0]++ == ordinal) {
            kind.apply(code, element);
          } else {
            code.with(element);
          }
        };
    return ClassFile.of()
        .transformClass(
            model, ClassTransform.transformingMethodBodies(method -> method == where, transform));
  }

  static List<String> classesOf(String packageName) {
    try (var files = Files.list(CLASSES.resolve(packageName.replace('.', '/')))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".class") && !name.equals("package-info.class"))
          .map(name -> packageName + "." + name.substring(0, name.length() - ".class".length()))
          .sorted()
          .toList();
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** Class and method, without their packages. */
  String place() {
    return className.substring(className.lastIndexOf('.') + 1) + "." + method;
  }

  @Override
  public String toString() {
    return "%s %s %d".formatted(place(), kind, ordinal);
  }
}
