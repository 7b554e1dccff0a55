package org.capvm.libos.ipc;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.capvm.monitor.memory.GuestMemory;

/** A structure in the making that a call returns; zeros where nothing is put. */
final class IpcStructure {
  private final ByteBuffer bytes;

  IpcStructure(int sizeBytes) {
    bytes = ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  IpcStructure putInt(int offset, int value) {
    bytes.putInt(offset, value);
    return this;
  }

  IpcStructure putLong(int offset, long value) {
    bytes.putLong(offset, value);
    return this;
  }

  void write(GuestMemory memory, long guestAddress) {
    memory.write(guestAddress, bytes.array(), 0, bytes.capacity());
  }
}
