package org.capvm.libos.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.capvm.libos.processor.HostProcessors;

/**
 * The processor that guests see: the host's make, with those of its features that translated code
 * may use. What {@code cpuid} answers for it, leaf by leaf (Intel SDM volume 2, CPUID; AMD APM
 * volume 3, appendix E). Immutable.
 */
final class CpuModel {
  private static final int MAX_LEAF = 0xd;
  private static final int MAX_EXTENDED_LEAF = 0x8000_0008;
  private static final int HYPERVISOR_LEAF = 0x4000_0000;
  private static final int STATE_COMPONENTS = 7;
  private static final int STATE_BYTES = 832;
  private static final int UPPER_BYTES = 256;
  private static final int UPPER_OFFSET = 576;
  private static final int OSXSAVE = 1 << 27;
  private static final int HYPERVISOR = 1 << 31;
  private static final int[] NOTHING = {0, 0, 0, 0};

  /** Feature names of {@code /proc/cpuinfo} that translation supports, with their bits. */
  private static final Map<String, Integer> LEAF1_ECX =
      Map.ofEntries(
          Map.entry("pni", 0),
          Map.entry("pclmulqdq", 1),
          Map.entry("ssse3", 9),
          Map.entry("fma", 12),
          Map.entry("cx16", 13),
          Map.entry("sse4_1", 19),
          Map.entry("sse4_2", 20),
          Map.entry("movbe", 22),
          Map.entry("popcnt", 23),
          Map.entry("aes", 25),
          Map.entry("xsave", 26),
          Map.entry("avx", 28),
          Map.entry("f16c", 29),
          Map.entry("rdrand", 30));

  private static final Map<String, Integer> LEAF1_EDX =
      Map.ofEntries(
          Map.entry("fpu", 0),
          Map.entry("de", 2),
          Map.entry("pse", 3),
          Map.entry("tsc", 4),
          Map.entry("msr", 5),
          Map.entry("pae", 6),
          Map.entry("mce", 7),
          Map.entry("cx8", 8),
          Map.entry("apic", 9),
          Map.entry("mtrr", 12),
          Map.entry("pge", 13),
          Map.entry("mca", 14),
          Map.entry("cmov", 15),
          Map.entry("pat", 16),
          Map.entry("pse36", 17),
          Map.entry("clflush", 19),
          Map.entry("mmx", 23),
          Map.entry("fxsr", 24),
          Map.entry("sse", 25),
          Map.entry("sse2", 26),
          Map.entry("ht", 28));

  private static final Map<String, Integer> LEAF7_EBX =
      Map.of(
          "bmi1",
          3,
          "avx2",
          5,
          "bmi2",
          8,
          "erms",
          9,
          "rdseed",
          18,
          "adx",
          19,
          "clflushopt",
          23,
          "clwb",
          24,
          "sha_ni",
          29);

  private static final Map<String, Integer> LEAF7_EDX = Map.of("fsrm", 4);

  private static final Map<String, Integer> EXTENDED_ECX =
      Map.of("lahf_lm", 0, "abm", 5, "3dnowprefetch", 8);

  private static final Map<String, Integer> EXTENDED_EDX =
      Map.of("syscall", 11, "nx", 20, "mmxext", 22, "pdpe1gb", 26, "rdtscp", 27, "lm", 29);

  /** One of the processor's caches. */
  record Cache(int level, int kind, int sizeBytes, int lineBytes, int ways, int sharedBy) {
    private static final int DATA = 1;
    private static final int INSTRUCTION = 2;
    private static final int UNIFIED = 3;

    int sets() {
      return Math.max(1, sizeBytes / Math.max(1, lineBytes * ways));
    }
  }

  private final String vendor;
  private final String brand;
  private final int signature;
  private final int processors;
  private final Set<String> features;
  private final List<Cache> caches;

  /**
   * @param signature family, model and stepping as leaf 1 has them
   * @param features in {@code /proc/cpuinfo}'s names
   */
  CpuModel(
      String vendor,
      String brand,
      int signature,
      int processors,
      Set<String> features,
      List<Cache> caches) {
    this.vendor = vendor;
    this.brand = brand;
    this.signature = signature;
    this.processors = processors;
    this.features = features;
    this.caches = caches;
  }

  /** The model made from the host's processor. */
  static CpuModel host() {
    return Host.MODEL;
  }

  private static final class Host {
    static final CpuModel MODEL = read();

    private static CpuModel read() {
      Map<String, String> fields = new HashMap<>();
      try {
        for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
          int colon = line.indexOf(':');
          if (line.isEmpty()) {
            break;
          }
          if (colon > 0) {
            fields.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      int family = Integer.parseInt(fields.get("cpu family"));
      int model = Integer.parseInt(fields.get("model"));
      int stepping = Integer.parseInt(fields.get("stepping"));
      int baseFamily = Math.min(family, 15);
      int signature =
          stepping
              | (model & 15) << 4
              | baseFamily << 8
              | (model >> 4) << 16
              | (family - baseFamily) << 20;
      return new CpuModel(
          fields.get("vendor_id"),
          fields.get("model name"),
          signature,
          HostProcessors.count(),
          Set.copyOf(Arrays.asList(fields.get("flags").split(" "))),
          HostCaches.read());
    }
  }

  /** {@code AT_HWCAP}: the features in edx of leaf 1. */
  int hardwareCapabilities() {
    return bits(LEAF1_EDX);
  }

  /** Answers {@code cpuid}: eax, ebx, ecx, edx. Leaves that do not exist are zero. */
  int[] leaf(int leaf, int subleaf) {
    return switch (leaf) {
      case 0 -> named(MAX_LEAF);
      case 1 -> features();
      case 2 -> isIntel() ? new int[] {0x00ff_ff01, 0, 0, 0} : NOTHING;
      case 4 -> isIntel() ? cache(subleaf) : NOTHING;
      case 7 -> subleaf == 0 ? new int[] {0, bits(LEAF7_EBX), 0, bits(LEAF7_EDX)} : NOTHING;
      case 0xb -> topology(subleaf);
      case 0xd -> extendedState(subleaf);
      case HYPERVISOR_LEAF -> new int[] {HYPERVISOR_LEAF, 0x56706143, 0x7061434d, 0x00004d56};
      case 0x8000_0000 -> named(MAX_EXTENDED_LEAF);
      case 0x8000_0001 ->
          new int[] {isIntel() ? 0 : signature, 0, bits(EXTENDED_ECX), bits(EXTENDED_EDX)};
      case 0x8000_0002, 0x8000_0003, 0x8000_0004 -> brandPart(leaf - 0x8000_0002);
      case 0x8000_0005 -> isIntel() ? NOTHING : amdFirstLevel();
      case 0x8000_0006 -> amdSecondLevel();
      case 0x8000_0007 -> new int[] {0, 0, 0, features.contains("constant_tsc") ? 1 << 8 : 0};
      case 0x8000_0008 -> new int[] {0x3030, 0, isIntel() ? 0 : processors - 1, 0};
      default -> NOTHING;
    };
  }

  private boolean isIntel() {
    return vendor.equals("GenuineIntel");
  }

  private int bits(Map<String, Integer> table) {
    int bits = 0;
    for (Map.Entry<String, Integer> entry : table.entrySet()) {
      bits |= features.contains(entry.getKey()) ? 1 << entry.getValue() : 0;
    }
    return bits;
  }

  private int[] named(int maxLeaf) {
    ByteBuffer name = text(vendor, 12);
    return new int[] {maxLeaf, name.getInt(0), name.getInt(8), name.getInt(4)};
  }

  private int[] features() {
    int ecx = bits(LEAF1_ECX) | HYPERVISOR | (features.contains("xsave") ? OSXSAVE : 0);
    int flushUnits = 8 << 8;
    return new int[] {signature, processors << 16 | flushUnits, ecx, bits(LEAF1_EDX)};
  }

  private int[] topology(int subleaf) {
    int coreBits = 32 - Integer.numberOfLeadingZeros(processors - 1);
    return switch (subleaf) {
      case 0 -> new int[] {0, 1, 1 << 8, 0};
      case 1 -> new int[] {coreBits, processors, 2 << 8 | 1, 0};
      default -> new int[] {0, 0, subleaf & 0xff, 0};
    };
  }

  /**
   * x87, SSE and AVX state in the standard form; no {@code xsaveopt}, {@code xsavec} or {@code
   * xsaves}.
   */
  private int[] extendedState(int subleaf) {
    if (!features.contains("xsave")) {
      return NOTHING;
    }
    return switch (subleaf) {
      case 0 -> new int[] {STATE_COMPONENTS, STATE_BYTES, STATE_BYTES, 0};
      case 2 -> new int[] {UPPER_BYTES, UPPER_OFFSET, 0, 0};
      default -> NOTHING;
    };
  }

  private int[] cache(int index) {
    if (index >= caches.size()) {
      return NOTHING;
    }
    Cache cache = caches.get(index);
    int eax = cache.kind() | cache.level() << 5 | 1 << 8 | (cache.sharedBy() - 1) << 14;
    int ebx = cache.lineBytes() - 1 | (cache.ways() - 1) << 22;
    return new int[] {eax, ebx, cache.sets() - 1, 0};
  }

  private int[] amdFirstLevel() {
    return new int[] {0, 0, amdCache(1, Cache.DATA), amdCache(1, Cache.INSTRUCTION)};
  }

  private int amdCache(int level, int kind) {
    for (Cache cache : caches) {
      if (cache.level() == level && cache.kind() == kind) {
        return ((cache.sizeBytes() / 1024) << 24)
            | (cache.ways() << 16)
            | (1 << 8)
            | cache.lineBytes();
      }
    }
    return 0;
  }

  private int[] amdSecondLevel() {
    int second = 0;
    int third = 0;
    for (Cache cache : caches) {
      if (cache.kind() == Cache.UNIFIED && cache.level() == 2) {
        second =
            ((cache.sizeBytes() / 1024) << 16)
                | (amdWays(cache) << 12)
                | (1 << 8)
                | cache.lineBytes();
      } else if (cache.kind() == Cache.UNIFIED && cache.level() == 3 && !isIntel()) {
        third =
            ((cache.sizeBytes() / (512 * 1024)) << 18)
                | (amdWays(cache) << 12)
                | (1 << 8)
                | cache.lineBytes();
      }
    }
    return new int[] {0, 0, second, third};
  }

  /** AMD's code for a number of ways. */
  private static int amdWays(Cache cache) {
    return switch (cache.ways()) {
      case 1, 2, 4 -> cache.ways();
      case 8 -> 6;
      case 16 -> 8;
      case 32 -> 10;
      case 48 -> 11;
      case 64 -> 12;
      case 96 -> 13;
      case 128 -> 14;
      default -> 9;
    };
  }

  private int[] brandPart(int index) {
    ByteBuffer name = text(brand, 48);
    int at = index * 16;
    return new int[] {
      name.getInt(at), name.getInt(at + 4), name.getInt(at + 8), name.getInt(at + 12)
    };
  }

  private static ByteBuffer text(String value, int length) {
    byte[] bytes = Arrays.copyOf(value.getBytes(StandardCharsets.US_ASCII), length);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
