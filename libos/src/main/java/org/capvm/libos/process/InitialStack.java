package org.capvm.libos.process;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.AuxiliaryType;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.memory.AddressLayout;

/**
 * The top of a new program's stack, as Linux's ELF loader lays it out:
 *
 * <pre>
 *   high  8 zero bytes
 *         path of the program (AT_EXECFN)
 *         environment strings, argument strings (the first one lowest)
 *         "x86_64" (AT_PLATFORM), 16 random bytes (AT_RANDOM)
 *         auxiliary vector, environment pointers, argument pointers
 *   rsp → number of arguments                              (16-byte aligned)
 * </pre>
 */
public final class InitialStack {
  /** Bytes one string may take, its NUL included. */
  public static final int MAX_STRING_BYTES = 32 * 4096;

  private static final long MAX_TOTAL_BYTES = AddressLayout.STACK_MAX * 3 / 4;
  private static final long MIN_TOTAL_BYTES = MAX_STRING_BYTES;
  private static final int RANDOM_BYTES = 16;
  private static final byte[] PLATFORM = {'x', '8', '6', '_', '6', '4', 0};

  private final List<byte[]> arguments;
  private final List<byte[]> environment;
  private final byte[] path;
  private final List<long[]> auxiliary = new ArrayList<>();

  /**
   * Strings are without NULs.
   *
   * @param path what was executed
   */
  public InitialStack(byte[] path, List<byte[]> arguments, List<byte[]> environment) {
    this.path = path;
    this.arguments = arguments;
    this.environment = environment;
  }

  /**
   * Checks that strings are not too many or too long.
   *
   * @param stackLimitBytes the soft stack limit, unsigned
   * @throws ErrnoException E2BIG
   */
  public void requireFits(long stackLimitBytes) {
    long quarter =
        Long.compareUnsigned(stackLimitBytes, 1L << 40) > 0 ? Long.MAX_VALUE : stackLimitBytes / 4;
    long allowed = Math.max(MIN_TOTAL_BYTES, Math.min(MAX_TOTAL_BYTES, quarter));
    long total = path.length + 1L;
    for (List<byte[]> strings : List.of(arguments, environment)) {
      for (byte[] string : strings) {
        if (string.length >= MAX_STRING_BYTES) {
          throw ErrnoException.of(Errno.E2BIG);
        }
        total += string.length + 1L + Long.BYTES;
      }
    }
    if (total > allowed) {
      throw ErrnoException.of(Errno.E2BIG);
    }
  }

  /**
   * Adds an auxiliary-vector entry; those that point into the stack are added by {@link #build}.
   */
  public InitialStack with(int type, long value) {
    auxiliary.add(new long[] {type, value});
    return this;
  }

  /**
   * Lays the stack out.
   *
   * @param top guest address one past its last byte, 16-byte aligned
   * @param random 16 bytes for {@code AT_RANDOM}
   * @return the bytes that end at {@code top}; the first of them is where rsp points
   */
  public byte[] build(long top, byte[] random) {
    ByteArrayOutputStream strings = new ByteArrayOutputStream();
    strings.writeBytes(random);
    strings.writeBytes(PLATFORM);
    List<Integer> argumentOffsets = append(strings, arguments);
    List<Integer> environmentOffsets = append(strings, environment);
    int pathOffset = strings.size();
    strings.writeBytes(path);
    strings.write(0);
    strings.writeBytes(new byte[Long.BYTES]);

    long stringsAddress = stringsAddress(top);
    List<long[]> vector = new ArrayList<>(auxiliary);
    vector.add(new long[] {AuxiliaryType.AT_RANDOM, stringsAddress});
    vector.add(new long[] {AuxiliaryType.AT_EXECFN, stringsAddress + pathOffset});
    vector.add(new long[] {AuxiliaryType.AT_PLATFORM, stringsAddress + random.length});
    vector.add(new long[] {AuxiliaryType.AT_NULL, 0});

    int words = 1 + arguments.size() + 1 + environment.size() + 1 + 2 * vector.size();
    long pointer = (stringsAddress - (long) words * Long.BYTES) & -16L;
    ByteBuffer stack = ByteBuffer.allocate((int) (top - pointer)).order(ByteOrder.LITTLE_ENDIAN);
    stack.putLong(arguments.size());
    argumentOffsets.forEach(offset -> stack.putLong(stringsAddress + offset));
    stack.putLong(0);
    environmentOffsets.forEach(offset -> stack.putLong(stringsAddress + offset));
    stack.putLong(0);
    for (long[] entry : vector) {
      stack.putLong(entry[0]).putLong(entry[1]);
    }
    stack.put((int) (stringsAddress - pointer), strings.toByteArray());
    return stack.array();
  }

  /** Where {@link #build} puts arguments and environment. */
  Program.Strings strings(long top) {
    long start = stringsAddress(top) + RANDOM_BYTES + PLATFORM.length;
    long middle = start + sizeOf(arguments);
    return new Program.Strings(start, middle, middle + sizeOf(environment));
  }

  private long stringsAddress(long top) {
    int others = RANDOM_BYTES + PLATFORM.length + path.length + 1 + Long.BYTES;
    return (top - sizeOf(arguments) - sizeOf(environment) - others) & -16L;
  }

  private static long sizeOf(List<byte[]> strings) {
    return strings.stream().mapToLong(string -> string.length + 1L).sum();
  }

  private static List<Integer> append(ByteArrayOutputStream strings, List<byte[]> added) {
    List<Integer> offsets = new ArrayList<>();
    for (byte[] string : added) {
      offsets.add(strings.size());
      strings.writeBytes(string);
      strings.write(0);
    }
    return offsets;
  }
}
