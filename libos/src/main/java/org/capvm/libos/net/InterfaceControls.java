package org.capvm.libos.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.capvm.libos.abi.AddressFamily;
import org.capvm.libos.abi.Errno;
import org.capvm.libos.process.Task;
import org.capvm.monitor.memory.GuestMemory;

/** The {@code ioctl} requests of netdevice(7), about the one interface a cVM has. */
final class InterfaceControls {
  /** The interface's name. */
  static final String NAME = "lo";

  /** The interface's number. */
  static final int INDEX = 1;

  /** IFF_UP, IFF_LOOPBACK, IFF_RUNNING. */
  static final int FLAGS = 0x1 | 0x8 | 0x40;

  /** Linux's default for the loopback. */
  static final int MTU = 65536;

  /** ARPHRD_LOOPBACK. */
  static final int HARDWARE_TYPE = 772;

  private static final int NAME_BYTES = 16;
  private static final int IFREQ_BYTES = 40;

  private static final int SIOCGIFNAME = 0x8910;
  private static final int SIOCGIFCONF = 0x8912;
  private static final int SIOCGIFFLAGS = 0x8913;
  private static final int SIOCGIFADDR = 0x8915;
  private static final int SIOCGIFBRDADDR = 0x8919;
  private static final int SIOCGIFNETMASK = 0x891b;
  private static final int SIOCGIFMETRIC = 0x891d;
  private static final int SIOCGIFMTU = 0x8921;
  private static final int SIOCGIFHWADDR = 0x8927;
  private static final int SIOCGIFINDEX = 0x8933;
  private static final int SIOCGIFTXQLEN = 0x8942;
  private static final int FIRST = 0x890b;
  private static final int LAST = 0x89ff;

  private InterfaceControls() {}

  /** Carries a request out. Returns 0 or -errno. */
  static long control(Task task, int request, long argument) {
    GuestMemory memory = task.memory();
    if (request == SIOCGIFCONF) {
      return configuration(memory, argument);
    }
    if (request < FIRST || request > LAST) {
      return -Errno.ENOTTY;
    }
    if (request == SIOCGIFNAME) {
      if (memory.getInt(argument + NAME_BYTES) != INDEX) {
        return -Errno.ENODEV;
      }
      byte[] name = new byte[NAME_BYTES];
      System.arraycopy(NAME.getBytes(StandardCharsets.US_ASCII), 0, name, 0, NAME.length());
      memory.write(argument, name, 0, NAME_BYTES);
      return 0;
    }
    byte[] name = new byte[NAME_BYTES];
    memory.read(argument, name, 0, NAME_BYTES);
    String text = new String(name, StandardCharsets.ISO_8859_1);
    if (!text.startsWith(NAME + "\0")) {
      return -Errno.ENODEV;
    }
    return ofLoopback(memory, request, argument + NAME_BYTES);
  }

  private static long ofLoopback(GuestMemory memory, int request, long value) {
    switch (request) {
      case SIOCGIFFLAGS -> memory.putShort(value, (short) FLAGS);
      case SIOCGIFINDEX -> memory.putInt(value, INDEX);
      case SIOCGIFMTU -> memory.putInt(value, MTU);
      case SIOCGIFMETRIC -> memory.putInt(value, 0);
      case SIOCGIFTXQLEN -> memory.putInt(value, 1000);
      case SIOCGIFADDR -> putAddress(memory, value, 0x7f000001);
      case SIOCGIFBRDADDR -> putAddress(memory, value, 0);
      case SIOCGIFNETMASK -> putAddress(memory, value, 0xff000000);
      case SIOCGIFHWADDR -> {
        byte[] address = new byte[16];
        address[0] = (byte) HARDWARE_TYPE;
        address[1] = HARDWARE_TYPE >> 8;
        memory.write(value, address, 0, address.length);
      }
      default -> {
        return -Errno.EPERM;
      }
    }
    return 0;
  }

  private static void putAddress(GuestMemory memory, long guestAddress, int address) {
    byte[] bytes = InternetAddress.v4(address, 0).encode();
    memory.write(guestAddress, bytes, 0, bytes.length);
  }

  /** Fills a {@code struct ifconf}: an int and a pointer. */
  private static long configuration(GuestMemory memory, long argument) {
    int room = memory.getInt(argument);
    long list = memory.getLong(argument + 8);
    if (list == 0) {
      memory.putInt(argument, IFREQ_BYTES);
      return 0;
    }
    int given = 0;
    if (room >= IFREQ_BYTES) {
      ByteBuffer entry = ByteBuffer.allocate(IFREQ_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      entry.put(0, NAME.getBytes(StandardCharsets.US_ASCII));
      entry.putShort(NAME_BYTES, (short) AddressFamily.AF_INET);
      entry.put(NAME_BYTES, InternetAddress.v4(0x7f000001, 0).encode());
      memory.write(list, entry.array(), 0, IFREQ_BYTES);
      given = IFREQ_BYTES;
    }
    memory.putInt(argument, given);
    return 0;
  }
}
