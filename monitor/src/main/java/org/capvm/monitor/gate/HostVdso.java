package org.capvm.monitor.gate;

import java.util.EnumMap;
import java.util.Map;
import org.capvm.machine.host.HostPlatform;
import org.capvm.machine.host.RawMemory;

/**
 * Finds the functions of the host's own vDSO, an ELF shared object that the kernel maps into every
 * process.
 *
 * <p>Only fixed fields of the ELF format are read; offsets are those of {@code Elf64_Ehdr}, {@code
 * Elf64_Phdr}, {@code Elf64_Dyn} and {@code Elf64_Sym} in elf(5).
 */
final class HostVdso {
  private static final int PT_LOAD = 1;
  private static final int PT_DYNAMIC = 2;
  private static final int DT_NULL = 0;
  private static final int DT_STRTAB = 5;
  private static final int DT_SYMTAB = 6;
  private static final int PHDR_BYTES = 56;
  private static final int SYM_BYTES = 24;

  private HostVdso() {}

  /** Host addresses of the functions that the host has; empty if it has no vDSO. */
  static Map<VdsoFunction, Long> find() {
    Map<VdsoFunction, Long> found = new EnumMap<>(VdsoFunction.class);
    long header = HostPlatform.getauxval(HostPlatform.AT_SYSINFO_EHDR);
    if (header == 0) {
      return found;
    }
    long programHeaders = header + RawMemory.getLong(header + 32);
    int count = Short.toUnsignedInt(RawMemory.getShort(header + 56));
    long bias = 0;
    long dynamic = 0;
    for (int i = 0; i < count; i++) {
      long entry = programHeaders + (long) i * PHDR_BYTES;
      int type = RawMemory.getInt(entry);
      if (type == PT_LOAD && bias == 0) {
        bias = header + RawMemory.getLong(entry + 8) - RawMemory.getLong(entry + 16);
      } else if (type == PT_DYNAMIC) {
        dynamic = header + RawMemory.getLong(entry + 8);
      }
    }
    long strings = 0;
    long symbols = 0;
    for (long entry = dynamic; RawMemory.getLong(entry) != DT_NULL; entry += 16) {
      long value = RawMemory.getLong(entry + 8);
      switch ((int) RawMemory.getLong(entry)) {
        case DT_STRTAB -> strings = bias + value;
        case DT_SYMTAB -> symbols = bias + value;
        default -> {}
      }
    }
    // The string table follows the symbol table in this object; there is no other count of symbols
    // without reading a hash table.
    for (long symbol = symbols; symbol + SYM_BYTES <= strings; symbol += SYM_BYTES) {
      String name = cString(strings + Integer.toUnsignedLong(RawMemory.getInt(symbol)));
      for (VdsoFunction function : VdsoFunction.values()) {
        if (function.symbol().equals(name)) {
          found.put(function, bias + RawMemory.getLong(symbol + 8));
        }
      }
    }
    return found;
  }

  private static String cString(long hostAddress) {
    StringBuilder text = new StringBuilder();
    for (long at = hostAddress; RawMemory.getByte(at) != 0; at++) {
      text.append((char) RawMemory.getByte(at));
    }
    return text.toString();
  }
}
