package org.capvm.libos.memory;

import java.util.function.BooleanSupplier;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.abi.Errno;

/**
 * What one address space takes of its cVM's {@link MemoryLimit}, and whether it may take more. What
 * is spare goes before anything is refused.
 *
 * <p>Used with the address space's lock held.
 */
final class MemoryAccount {
  /** Linux's default {@code vm.max_map_count}. */
  private static final int MAX_AREAS = 65530;

  /** The slot's guards and branch table, and the table's other mapping. */
  static final int SLOT_MAPPINGS = 4;

  /** Most calls cut one area in three. */
  private static final int MOST_MAPPINGS_OF_A_CALL = 4;

  private final MemoryLimit limit;
  private final AreaMap areas;
  private final SlotPages pages;
  private final SpareMemory spare;
  private final SpareSlots spareSlots;
  private final CodeRanges code;
  private long chargedBytes;
  private long chargedMappings;

  /** How much of what is mapped counts as a parent's; what a child unmaps counts as that first. */
  private long inheritedBytes;

  MemoryAccount(
      MemoryLimit limit,
      AreaMap areas,
      SlotPages pages,
      SpareMemory spare,
      SpareSlots spareSlots,
      CodeRanges code) {
    this.limit = limit;
    this.areas = areas;
    this.pages = pages;
    this.spare = spare;
    this.spareSlots = spareSlots;
    this.code = code;
  }

  /**
   * There must be room for a call that cuts areas.
   *
   * @throws ErrnoException ENOMEM, as from the others
   */
  void requireAreas() {
    if (areas.count() >= MAX_AREAS) {
      throw ErrnoException.of(Errno.ENOMEM);
    }
    requireMappings(MOST_MAPPINGS_OF_A_CALL);
  }

  /** There must be room for some more bytes that count. */
  void requireMemory(long moreBytes) {
    require(() -> moreBytes <= 0 || limit.hasRoomFor(moreBytes));
  }

  /** There must be room for some more mappings of the host. */
  void requireMappings(long more) {
    require(() -> hasRoomForMappings(more));
  }

  /** There must be room for a child that has all of this address space from it. */
  void requireChild() {
    require(() -> limit.hasRoomToInherit(areas.accountableBytes()));
    requireMappings(pages.hostMappings());
  }

  private void require(BooleanSupplier hasRoom) {
    if (!hasRoom.getAsBoolean()) {
      spare.drop();
      spareSlots.drop();
      settle();
      if (!hasRoom.getAsBoolean()) {
        throw ErrnoException.of(Errno.ENOMEM);
      }
    }
  }

  boolean hasRoomForACall() {
    return hasRoomForMappings(MOST_MAPPINGS_OF_A_CALL);
  }

  boolean hasRoomForMappings(long more) {
    return limit.hasRoomForMappings(pages.unsettledHostMappings() + more);
  }

  /** What is mapped now is all a parent's. */
  void inherited() {
    countAsInherited(areas.accountableBytes());
    settle();
  }

  /** Charges the cVM for what the areas have become. */
  void settle() {
    chargeMemory();
    chargeMappings(SLOT_MAPPINGS + pages.settleHostMappings() + code.hostMappings());
  }

  /** Gives back all of it; nothing is mapped any more, and there is no slot. */
  void close() {
    chargeMemory();
    chargeMappings(0);
  }

  private void chargeMemory() {
    long accountable = areas.accountableBytes();
    countAsInherited(Math.min(inheritedBytes, accountable));
    long now = accountable - inheritedBytes + spare.bytes();
    limit.charge(now - chargedBytes);
    chargedBytes = now;
  }

  private void countAsInherited(long bytes) {
    limit.chargeInherited(bytes - inheritedBytes);
    inheritedBytes = bytes;
  }

  private void chargeMappings(long now) {
    limit.chargeMappings(now - chargedMappings);
    chargedMappings = now;
  }
}
