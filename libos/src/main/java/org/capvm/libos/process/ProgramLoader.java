package org.capvm.libos.process;

import static org.capvm.libos.abi.Mman.MAP_FIXED;
import static org.capvm.libos.abi.Mman.MAP_NORESERVE;
import static org.capvm.libos.abi.Mman.PROT_EXEC;
import static org.capvm.libos.abi.Mman.PROT_NONE;
import static org.capvm.libos.abi.Mman.PROT_READ;
import static org.capvm.libos.abi.Mman.PROT_WRITE;
import static org.capvm.libos.memory.AddressLayout.PAGE;
import static org.capvm.libos.memory.AddressLayout.pageDown;
import static org.capvm.libos.memory.AddressLayout.pageUp;

import org.capvm.libos.abi.AuxiliaryType;
import org.capvm.libos.memory.AddressLayout;
import org.capvm.libos.memory.AddressSpace;
import org.capvm.libos.memory.MemoryArea;

/**
 * Loads a program into an empty address space: its segments, its dynamic loader's, the vDSO and the
 * stack. What comes out is where to start.
 */
final class ProgramLoader {
  private static final long CLOCK_TICKS = 100;

  private final AddressSpace space;
  private final ProgramPlan plan;

  private ProgramLoader(AddressSpace space, ProgramPlan plan) {
    this.space = space;
    this.plan = plan;
  }

  /**
   * Loads.
   *
   * @param space empty
   * @param stackLimitBytes the soft stack limit, unsigned
   * @param random 16 bytes for {@code AT_RANDOM}
   * @param hardwareCapabilities {@code AT_HWCAP}: CPUID leaf 1, edx
   * @param vdsoAddress where the vDSO goes, page-aligned
   * @throws org.capvm.libos.ErrnoException ENOMEM and others, when the address space is half filled
   */
  static Program.Layout load(
      AddressSpace space,
      ProgramPlan plan,
      Credentials credentials,
      long stackLimitBytes,
      byte[] random,
      long hardwareCapabilities,
      long vdsoAddress) {
    return new ProgramLoader(space, plan)
        .load(credentials, stackLimitBytes, random, hardwareCapabilities, vdsoAddress);
  }

  private Program.Layout load(
      Credentials credentials,
      long stackLimitBytes,
      byte[] random,
      long hardwareCapabilities,
      long vdsoAddress) {
    ElfImage image = plan.image();
    long bias = image.positionIndependent() ? programBias(image) : 0;
    mapSegments(plan.file(), image, bias);
    mapVdso(vdsoAddress);
    long loaderBias = 0;
    if (plan.loaderImage() != null) {
      ElfImage loader = plan.loaderImage();
      loaderBias = loader.positionIndependent() ? freeBias(loader) : 0;
      mapSegments(plan.loaderFile(), loader, loaderBias);
    }
    space.setBreakStart(pageUp(image.highest() + bias));

    InitialStack stack = plan.stack();
    stack
        .with(AuxiliaryType.AT_SYSINFO_EHDR, vdsoAddress)
        .with(AuxiliaryType.AT_MINSIGSTKSZ, org.capvm.libos.signal.SignalCalls.MIN_FRAME_BYTES)
        .with(AuxiliaryType.AT_HWCAP, hardwareCapabilities)
        .with(AuxiliaryType.AT_PAGESZ, PAGE)
        .with(AuxiliaryType.AT_CLKTCK, CLOCK_TICKS)
        .with(AuxiliaryType.AT_PHDR, image.headersAddress() + bias)
        .with(AuxiliaryType.AT_PHENT, ElfImage.PROGRAM_HEADER_BYTES)
        .with(AuxiliaryType.AT_PHNUM, image.headerCount())
        .with(AuxiliaryType.AT_BASE, loaderBias)
        .with(AuxiliaryType.AT_FLAGS, 0)
        .with(AuxiliaryType.AT_ENTRY, image.entry() + bias)
        .with(AuxiliaryType.AT_UID, credentials.uid())
        .with(AuxiliaryType.AT_EUID, credentials.euid())
        .with(AuxiliaryType.AT_GID, credentials.gid())
        .with(AuxiliaryType.AT_EGID, credentials.egid())
        .with(AuxiliaryType.AT_SECURE, 0)
        .with(AuxiliaryType.AT_HWCAP2, 0);
    byte[] top = stack.build(AddressLayout.END, random);
    long stackPointer = mapStack(top, stackLimitBytes, image.executableStack());

    ElfImage first = plan.loaderImage() == null ? image : plan.loaderImage();
    long firstBias = plan.loaderImage() == null ? bias : loaderBias;
    ElfImage.Segment data = image.segments().getLast();
    return new Program.Layout(
        image.lowest() + bias,
        image.segments().getFirst().end() + bias,
        data.address() + bias,
        data.end() + bias,
        stackPointer,
        first.entry() + firstBias,
        stack.strings(AddressLayout.END));
  }

  private static long programBias(ElfImage image) {
    long alignment = image.alignment();
    long base = (AddressLayout.PROGRAM_BASE + alignment - 1) & -alignment;
    return base - image.lowest();
  }

  /** Where the whole image fits, found by mapping it once without access. */
  private long freeBias(ElfImage image) {
    long length = image.highest() - image.lowest();
    long slack = image.alignment() - PAGE;
    long start = space.map(0, length + slack, PROT_NONE | PROT_EXEC, MAP_NORESERVE, null, 0, null);
    space.unmap(start, length + slack);
    long aligned = (start + slack) & -image.alignment();
    return aligned - image.lowest();
  }

  private void mapSegments(ProgramFile file, ElfImage image, long bias) {
    for (ElfImage.Segment segment : image.segments()) {
      mapSegment(file, segment, bias);
    }
  }

  private void mapSegment(ProgramFile file, ElfImage.Segment segment, long bias) {
    long start = pageDown(segment.address() + bias);
    long fileEnd = segment.address() + bias + segment.fileBytes();
    long end = pageUp(segment.end() + bias);
    int protection = segment.protection();
    long filePagesEnd = segment.fileBytes() == 0 ? start : pageUp(fileEnd);
    if (filePagesEnd > start) {
      space.map(
          start,
          filePagesEnd - start,
          protection,
          MAP_FIXED,
          file.mappedFile(),
          pageDown(segment.offset()),
          null);
      if (segment.memoryBytes() > segment.fileBytes() && (protection & PROT_WRITE) != 0) {
        space.memory().fill(fileEnd, filePagesEnd - fileEnd, (byte) 0);
      }
    }
    if (end > filePagesEnd) {
      space.map(filePagesEnd, end - filePagesEnd, protection, MAP_FIXED, null, 0, null);
    }
  }

  private void mapVdso(long address) {
    byte[] image = Vdso.build();
    int readWrite = PROT_READ | PROT_WRITE;
    space.map(address, Vdso.IMAGE_BYTES, readWrite, MAP_FIXED, null, 0, "[vdso]");
    space.memory().write(address, image, 0, image.length);
    space.protect(address, Vdso.IMAGE_BYTES, PROT_READ | PROT_EXEC);
  }

  private long mapStack(byte[] top, long limitBytes, boolean executable) {
    boolean unlimited = Long.compareUnsigned(limitBytes, AddressLayout.STACK_MAX) > 0;
    long wanted = unlimited ? AddressLayout.STACK_MAX : pageUp(limitBytes);
    long length = Math.max(wanted, pageUp(top.length) + 32 * PAGE);
    long start = AddressLayout.END - length;
    int protection = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
    space.map(start, length, protection, MAP_FIXED | MAP_NORESERVE, null, 0, MemoryArea.STACK);
    long stackPointer = AddressLayout.END - top.length;
    space.memory().write(stackPointer, top, 0, top.length);
    return stackPointer;
  }
}
