package org.capvm.machine.code;

import org.capvm.machine.translate.CodeSource;

/**
 * The code of one image, read through the guest memory of whoever needs the translation.
 *
 * <p>Bytes are copied once and the copy is what gets decoded, because another guest thread may be
 * writing them.
 */
final class GuestCode implements CodeSource {
  private static final long PAGE_BYTES = 4096;

  private final CodeMemory memory;
  private final long start;
  private final long end;
  private final boolean mutable;

  /**
   * @param start first guest address of the code
   * @param end guest address after its last byte
   * @param mutable whether pages must be protected before they are read
   */
  GuestCode(CodeMemory memory, long start, long end, boolean mutable) {
    this.memory = memory;
    this.start = start;
    this.end = end;
    this.mutable = mutable;
  }

  @Override
  public boolean contains(long guestAddress) {
    return guestAddress >= start && guestAddress < end;
  }

  @Override
  public int read(long guestAddress, byte[] target) {
    int length = (int) Math.min(target.length, end - guestAddress);
    if (mutable) {
      long firstPage = guestAddress & -PAGE_BYTES;
      memory.protect(firstPage, (guestAddress + length - firstPage + PAGE_BYTES - 1) & -PAGE_BYTES);
    }
    return memory.read(guestAddress, target, 0, length);
  }
}
