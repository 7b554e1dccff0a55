package org.capvm.libos.file;

import static org.capvm.machine.layout.SlotLayout.GUEST_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.LongSupplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.host.HostScratch;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/**
 * The memory one read fills or one write empties: a run of bytes made of one or more pieces, in a
 * guest or in the library OS itself.
 *
 * <p>Host calls are given the pieces' host addresses and copy straight to or from them; everything
 * else goes through {@link #put} and {@link #get}, which throw {@link
 * org.capvm.monitor.memory.GuestMemoryFault} for guest memory that is not there. Used by one
 * thread.
 */
public final class IoBuffer {
  /** The most bytes one call transfers: Linux's MAX_RW_COUNT. */
  public static final long MAX_TRANSFER_BYTES = 0x7ffff000L;

  private static final int IOVEC_BYTES = 16;

  private final GuestMemory memory;
  private final MemorySegment host;
  private final long[] addresses;
  private final long[] lengths;
  private final long address;
  private final long length;

  private IoBuffer(
      GuestMemory memory,
      MemorySegment host,
      long address,
      long length,
      long[] addresses,
      long[] lengths) {
    this.memory = memory;
    this.host = host;
    this.address = address;
    this.length = length;
    this.addresses = addresses;
    this.lengths = lengths;
  }

  /**
   * One piece of guest memory.
   *
   * @throws org.capvm.monitor.memory.GuestMemoryFault if it does not lie in the slot
   */
  public static IoBuffer guest(GuestMemory memory, long guestAddress, long lengthBytes) {
    long clipped = clip(lengthBytes, MAX_TRANSFER_BYTES);
    if (guestAddress >= 0 && guestAddress < GUEST_BYTES) {
      // Linux looks at the bytes one after the other: the end of the address space is far away.
      clipped = Math.min(clipped, GUEST_BYTES - guestAddress);
    }
    memory.hostAddress(guestAddress, clipped);
    return new IoBuffer(memory, null, guestAddress, clipped, null, null);
  }

  /**
   * Several pieces of guest memory, in order; the arrays are kept. A piece that leaves the slot is
   * the last: what follows would be reached only past bytes that are not there.
   *
   * @throws org.capvm.monitor.memory.GuestMemoryFault if the first piece that is not empty begins
   *     outside the slot
   */
  public static IoBuffer guest(GuestMemory memory, long[] guestAddresses, long[] lengthsBytes) {
    long total = 0;
    boolean ended = false;
    for (int i = 0; i < lengthsBytes.length; i++) {
      long length = ended ? 0 : clip(lengthsBytes[i], MAX_TRANSFER_BYTES - total);
      boolean inside = guestAddresses[i] >= 0 && guestAddresses[i] < GUEST_BYTES;
      long room = inside ? GUEST_BYTES - guestAddresses[i] : 0;
      if (length > room) {
        length = room;
        ended = true;
        if (room == 0 && total == 0) {
          // The fault.
          memory.hostAddress(guestAddresses[i], lengthsBytes[i]);
        }
      }
      if (length == 0) {
        guestAddresses[i] = 0;
      }
      lengthsBytes[i] = length;
      total += length;
    }
    return new IoBuffer(memory, null, 0, total, guestAddresses, lengthsBytes);
  }

  /**
   * The pieces that {@code struct iovec}s of a guest name, which are read once.
   *
   * @param stored whether the host will store to them
   * @throws ErrnoException EINVAL for one above 2^63 bytes, EFAULT for one outside the addresses of
   *     a process
   */
  public static IoBuffer gathered(Task task, long vector, int count, boolean stored) {
    long[] addresses = new long[count];
    long[] lengths = new long[count];
    for (int i = 0; i < count; i++) {
      long entry = vector + (long) i * IOVEC_BYTES;
      addresses[i] = task.memory().getLong(entry);
      lengths[i] = task.memory().getLong(entry + 8);
      if (lengths[i] < 0) {
        throw ErrnoException.of(Errno.EINVAL);
      }
    }
    for (int i = 0; i < count; i++) {
      AddressLayout.requireUserRange(addresses[i], lengths[i]);
      if (stored) {
        task.addressSpace().prepareStore(addresses[i], lengths[i]);
      }
    }
    return count == 1
        ? guest(task.memory(), addresses[0], lengths[0])
        : guest(task.memory(), addresses, lengths);
  }

  /** Native memory of the library OS. */
  public static IoBuffer host(MemorySegment segment) {
    return new IoBuffer(null, segment, 0, segment.byteSize(), null, null);
  }

  private static long clip(long lengthBytes, long limit) {
    return Long.compareUnsigned(lengthBytes, limit) > 0 ? limit : lengthBytes;
  }

  /** All bytes. */
  public long length() {
    return length;
  }

  /** Whether the bytes are a guest's. */
  public boolean isGuest() {
    return host == null;
  }

  /** Whether the bytes are in one piece. */
  public boolean isOnePiece() {
    return addresses == null;
  }

  /** The host address of a buffer in one piece. */
  public long hostAddress() {
    return host != null ? host.address() : memory.hostAddress(address, length);
  }

  /**
   * Writes host {@code struct iovec}s for all pieces into the calling thread's scratch memory.
   *
   * @return how many; their host address is that of the scratch memory
   */
  public int writeVector() {
    MemorySegment scratch = HostScratch.get();
    if (isOnePiece()) {
      writePiece(scratch, 0, hostAddress(), length);
      return 1;
    }
    for (int i = 0; i < addresses.length; i++) {
      writePiece(scratch, i, memory.hostAddress(addresses[i], lengths[i]), lengths[i]);
    }
    return addresses.length;
  }

  /**
   * Makes a host call that stores into this buffer, again if guest memory was read-only for a
   * moment only.
   *
   * @param call returns what it transferred or a negative errno, and has no effect if that is
   *     EFAULT
   */
  public long storing(LongSupplier call) {
    long result = call.getAsLong();
    if (host != null) {
      return result;
    }
    long state = GuestMemory.UNTOUCHED;
    while (result == -Errno.EFAULT) {
      state = memory.repaired(isOnePiece() ? address : addresses[0], state);
      result = call.getAsLong();
    }
    return result;
  }

  private static void writePiece(MemorySegment scratch, int index, long hostAddress, long length) {
    long offset = (long) index * IOVEC_BYTES;
    scratch.set(ValueLayout.JAVA_LONG, offset, hostAddress);
    scratch.set(ValueLayout.JAVA_LONG, offset + 8, length);
  }

  /**
   * The same bytes from a position on.
   *
   * @param lengthBytes at most what is left
   */
  public IoBuffer slice(long position, long lengthBytes) {
    if (host != null) {
      return host(host.asSlice(position, lengthBytes));
    }
    if (isOnePiece()) {
      return new IoBuffer(memory, null, address + position, lengthBytes, null, null);
    }
    int first = 0;
    long skip = position;
    while (first < lengths.length && skip >= lengths[first]) {
      skip -= lengths[first++];
    }
    long[] newAddresses = java.util.Arrays.copyOfRange(addresses, first, addresses.length);
    long[] newLengths = java.util.Arrays.copyOfRange(lengths, first, lengths.length);
    if (newAddresses.length > 0) {
      newAddresses[0] += skip;
      newLengths[0] -= skip;
    }
    long left = lengthBytes;
    for (int i = 0; i < newLengths.length; i++) {
      newLengths[i] = Math.min(newLengths[i], left);
      left -= newLengths[i];
    }
    return new IoBuffer(memory, null, 0, lengthBytes, newAddresses, newLengths);
  }

  /** Copies bytes into this buffer. */
  public void put(long position, byte[] source, int offset, int count) {
    put(position, MemorySegment.ofArray(source).asSlice(offset, count));
  }

  /** Copies bytes out of this buffer. */
  public void get(long position, byte[] destination, int offset, int count) {
    get(position, MemorySegment.ofArray(destination).asSlice(offset, count));
  }

  /** Copies all of a segment into this buffer. */
  public void put(long position, MemorySegment source) {
    transfer(position, source, true);
  }

  /** Fills a segment from this buffer. */
  public void get(long position, MemorySegment destination) {
    transfer(position, destination, false);
  }

  private void transfer(long position, MemorySegment bytes, boolean in) {
    long count = bytes.byteSize();
    if (host != null) {
      if (in) {
        MemorySegment.copy(bytes, 0, host, position, count);
      } else {
        MemorySegment.copy(host, position, bytes, 0, count);
      }
      return;
    }
    if (isOnePiece()) {
      transferPiece(address + position, bytes, in);
      return;
    }
    long skip = position;
    long done = 0;
    for (int i = 0; i < lengths.length && done < count; i++) {
      if (skip >= lengths[i]) {
        skip -= lengths[i];
        continue;
      }
      long chunk = Math.min(lengths[i] - skip, count - done);
      transferPiece(addresses[i] + skip, bytes.asSlice(done, chunk), in);
      done += chunk;
      skip = 0;
    }
  }

  private void transferPiece(long guest, MemorySegment bytes, boolean in) {
    if (in) {
      memory.write(guest, bytes);
    } else {
      memory.read(guest, bytes);
    }
  }
}
