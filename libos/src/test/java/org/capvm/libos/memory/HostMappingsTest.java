package org.capvm.libos.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.capvm.libos.abi.Mman.MAP_SHARED;
import static org.capvm.libos.abi.Mman.PROT_NONE;
import static org.capvm.libos.abi.Mman.PROT_READ;
import static org.capvm.libos.abi.Mman.PROT_WRITE;
import static org.capvm.machine.layout.SlotLayout.GUEST_BYTES;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.stream.Stream;
import org.capvm.machine.code.CodeOrigin;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.IntravisorOptions;
import org.capvm.monitor.memory.Slot;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostMappingsTest {
  private static final long PAGE = AddressLayout.PAGE;
  private static final long FIRST = 0x1000_0000L;
  private static final int PAGES = 64;
  private static final int STEPS = 1500;
  private static final int[] PROTECTIONS = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE};

  private static Intravisor intravisor;

  @BeforeAll
  static void startIntravisor() {
    intravisor = Intravisor.start(IntravisorOptions.defaults());
  }

  @AfterAll
  static void closeIntravisor() {
    intravisor.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void thereAreNeverMoreThanAreCounted(long seed) throws IOException {
    Random random = new Random(seed);
    long surplus = 0;
    try (MemoryFile memoryFile = new MemoryFile();
        Slot slot = intravisor.newSlot()) {
      SlotPages pages = new SlotPages(slot, memoryFile);
      TestFile file = new TestFile(memoryFile.descriptor());
      pages.map(inMemory(0, PAGES, PROT_READ, 0, true));
      memoryFile.take(0, 2 * GUEST_BYTES);
      for (int step = 0; step < STEPS; step++) {
        change(random, pages, file);
        long there = mappings(slot);
        assertThat((long) pages.hostMappings()).as("step %d", step).isGreaterThanOrEqualTo(there);
        surplus += pages.hostMappings() - there;
      }
    }
    // What the kernel need not do, but does, is little of what it has to.
    assertThat(surplus).isLessThan(STEPS * PAGES / 8);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, MAP_SHARED})
  void neighboursThatWereWrittenApartAreCountedApart(int flags) throws IOException {
    try (MemoryFile memoryFile = new MemoryFile();
        Slot slot = intravisor.newSlot()) {
      SlotPages pages = new SlotPages(slot, memoryFile);
      for (int parity = 0; parity < 2; parity++) {
        for (int page = parity; page < PAGES; page += 2) {
          pages.map(inMemory(page, 1, PROT_READ | PROT_WRITE, 0, flags == 0));
          slot.memory().putInt(FIRST + page * PAGE, 1);
        }
      }
      assertThat((long) pages.hostMappings()).isGreaterThanOrEqualTo(mappings(slot));
      assertThat(mappings(slot)).isEqualTo(flags == 0 ? PAGES / 2 + 2 : 3);
    }
  }

  private static void change(Random random, SlotPages pages, MappedFile file) {
    int page = random.nextInt(PAGES);
    int length = 1 + random.nextInt(Math.min(8, PAGES - page));
    int protection = PROTECTIONS[random.nextInt(PROTECTIONS.length)];
    switch (random.nextInt(6)) {
      case 0 -> {
        long plane = random.nextInt(2) * GUEST_BYTES;
        pages.map(inMemory(page, length, protection, plane, random.nextBoolean()));
      }
      case 1 -> pages.map(ofFile(page, length, protection, file));
      case 2 -> {
        int before = pages.hostMappings();
        int growth = pages.growthByUnmap(at(page), at(page + length));
        pages.unmap(at(page), length * PAGE);
        assertThat(pages.hostMappings()).isEqualTo(before + growth);
        pages.map(inMemory(page, length, protection, 0, random.nextBoolean()));
      }
      case 3 -> {
        pages.map(ofFile(page, length, PROT_READ, file));
        pages.protect(at(page), length * PAGE, protection);
      }
      case 4 -> {
        pages.map(inMemory(page, length, protection, 0, random.nextBoolean()));
        pages.protect(at(0), at(page) - at(0) + PAGE, protection);
        pages.move(at(page), length * PAGE, at(2 * PAGES + random.nextInt(PAGES)), length * PAGE);
        pages.map(inMemory(page, length, protection, GUEST_BYTES, random.nextBoolean()));
      }
      default -> write(pages, at(page));
    }
  }

  private static void write(SlotPages pages, long guestAddress) {
    try {
      pages.memory().putInt(guestAddress, 1);
    } catch (RuntimeException notWritable) {
      // As good as not written.
    }
  }

  private static long at(int page) {
    return FIRST + page * PAGE;
  }

  private static MemoryArea inMemory(
      int page, int length, int protection, long plane, boolean copyOnWrite) {
    Backing backing = new Backing(plane + at(page), copyOnWrite);
    return new MemoryArea(at(page), at(page + length), protection, 0, 0, null, 0, backing, null);
  }

  private static MemoryArea ofFile(int page, int length, int protection, MappedFile file) {
    long offset = at(page) - FIRST;
    return new MemoryArea(at(page), at(page + length), protection, 0, 0, file, offset, null, null);
  }

  private static long mappings(Slot slot) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines
          .map(line -> line.split("[- ]", 3))
          .filter(
              bounds ->
                  Long.parseUnsignedLong(bounds[0], 16) < slot.hostBase() + GUEST_BYTES
                      && Long.parseUnsignedLong(bounds[1], 16) > slot.hostBase())
          .count();
    }
  }

  private record TestFile(int hostDescriptor) implements MappedFile {
    @Override
    public boolean isWritable() {
      return true;
    }

    @Override
    public String path() {
      return "/test";
    }

    @Override
    public long device() {
      return 0;
    }

    @Override
    public long inode() {
      return 1;
    }

    @Override
    public CodeOrigin origin(long fileOffset) {
      return null;
    }

    @Override
    public void retain() {}

    @Override
    public void release() {}
  }
}
