package org.capvm.machine.assemble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.capvm.machine.assemble.Immediate.imm;
import static org.capvm.machine.layout.Gpr.NONE;
import static org.capvm.machine.layout.Gpr.R10;
import static org.capvm.machine.layout.Gpr.R11;
import static org.capvm.machine.layout.Gpr.R12;
import static org.capvm.machine.layout.Gpr.R13;
import static org.capvm.machine.layout.Gpr.R14;
import static org.capvm.machine.layout.Gpr.R15;
import static org.capvm.machine.layout.Gpr.R8;
import static org.capvm.machine.layout.Gpr.R9;
import static org.capvm.machine.layout.Gpr.RAX;
import static org.capvm.machine.layout.Gpr.RBP;
import static org.capvm.machine.layout.Gpr.RBX;
import static org.capvm.machine.layout.Gpr.RCX;
import static org.capvm.machine.layout.Gpr.RDI;
import static org.capvm.machine.layout.Gpr.RDX;
import static org.capvm.machine.layout.Gpr.RSI;
import static org.capvm.machine.layout.Gpr.RSP;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every instruction's bytes, read back by an independent disassembler. */
class AssemblerTest {
  private static final Path OBJDUMP = Path.of("/usr/bin/objdump");

  @TempDir Path directory;

  private record Case(Consumer<Assembler> emit, String text) {}

  @Test
  void anIndependentDisassemblerReadsWhatWasMeant() throws Exception {
    Assumptions.assumeTrue(Files.isExecutable(OBJDUMP), "needs objdump");
    List<Case> cases = new ArrayList<>();
    moves(cases);
    arithmetic(cases);
    atomics(cases);
    vectorsAndState(cases);
    Assembler assembler = new Assembler();
    for (Case one : cases) {
      one.emit().accept(assembler);
    }
    List<String> expected = cases.stream().map(Case::text).toList();
    assertThat(disassemble(assembler.assembleAt(0))).containsExactlyElementsOf(expected);
  }

  private static void moves(List<Case> cases) {
    cases.add(new Case(a -> a.mov64(RAX, R15), "mov rax,r15"));
    cases.add(new Case(a -> a.mov32(R11, RSP), "mov r11d,esp"));
    cases.add(new Case(a -> a.mov64(RAX, Memory.base(RSP, 0)), "mov rax,QWORD PTR [rsp]"));
    cases.add(new Case(a -> a.mov64(RAX, Memory.base(R12, 8)), "mov rax,QWORD PTR [r12+0x8]"));
    cases.add(new Case(a -> a.mov64(RAX, Memory.base(R13, 0)), "mov rax,QWORD PTR [r13+0x0]"));
    cases.add(
        new Case(a -> a.mov64(RAX, Memory.base(RBP, 0x1234)), "mov rax,QWORD PTR [rbp+0x1234]"));
    cases.add(
        new Case(
            a -> a.mov64(Memory.indexed(RBX, R14, 8, -128), RCX),
            "mov QWORD PTR [rbx+r14*8-0x80],rcx"));
    cases.add(new Case(a -> a.mov32(R9, Memory.fs(0x80)), "mov r9d,DWORD PTR fs:0x80"));
    cases.add(new Case(a -> a.mov64(Memory.fs(0xC0), R11), "mov QWORD PTR fs:0xc0,r11"));
    cases.add(
        new Case(a -> a.mov32(Memory.fs(0x80), imm(0x401000)), "mov DWORD PTR fs:0x80,0x401000"));
    cases.add(
        new Case(
            a -> a.mov64(Memory.base(RDI, 0x88), imm(-2)),
            "mov QWORD PTR [rdi+0x88],0xfffffffffffffffe"));
    cases.add(new Case(a -> a.mov8(Memory.guest(RDI, 0), RSI), "mov BYTE PTR gs:[edi],sil"));
    cases.add(new Case(a -> a.mov8(Memory.base(R8, 1), RAX), "mov BYTE PTR [r8+0x1],al"));
    cases.add(new Case(a -> a.mov8(Memory.base(RCX, 1), imm(7)), "mov BYTE PTR [rcx+0x1],0x7"));
    cases.add(
        new Case(
            a -> a.mov16(Memory.guest(RCX, RDX, 2, 6), R9), "mov WORD PTR gs:[ecx+edx*2+0x6],r9w"));
    cases.add(new Case(a -> a.movzx8(RAX, Memory.base(R9, 0)), "movzx eax,BYTE PTR [r9]"));
    cases.add(
        new Case(a -> a.movzx16(R8, Memory.base(RSP, 0x10)), "movzx r8d,WORD PTR [rsp+0x10]"));
    cases.add(new Case(a -> a.movImmediate32(R11, 0x80000000), "mov r11d,0x80000000"));
    cases.add(new Case(a -> a.movImmediate64(RDX, -1), "mov rdx,0xffffffffffffffff"));
    cases.add(new Case(a -> a.movImmediate64(RDX, 0xFFFF_FFFFL), "mov edx,0xffffffff"));
    cases.add(new Case(a -> a.movImmediate64(R10, 0x123456789ABCL), "movabs r10,0x123456789abc"));
    cases.add(new Case(a -> a.lea64(RSP, Memory.indexed(RSP, R11, 1, 0)), "lea rsp,[rsp+r11*1]"));
    cases.add(new Case(a -> a.lea32(RAX, Memory.base(RSP, 16)), "lea eax,[rsp+0x10]"));
    cases.add(new Case(a -> a.push(RBP), "push rbp"));
    cases.add(new Case(a -> a.push(R11), "push r11"));
    cases.add(new Case(a -> a.push(imm(0x401234)), "push 0x401234"));
    cases.add(new Case(a -> a.push(Memory.fs(8)), "push QWORD PTR fs:0x8"));
    cases.add(new Case(a -> a.pop(R15), "pop r15"));
    cases.add(new Case(a -> a.pop(Memory.fs(0x88)), "pop QWORD PTR fs:0x88"));
  }

  private static void arithmetic(List<Case> cases) {
    cases.add(new Case(a -> a.alu64(Alu.ADD, RSP, Memory.fs(0xA0)), "add rsp,QWORD PTR fs:0xa0"));
    cases.add(new Case(a -> a.alu64(Alu.SUB, RAX, R9), "sub rax,r9"));
    cases.add(new Case(a -> a.alu64(Alu.CMP, RDI, imm(0x1000)), "cmp rdi,0x1000"));
    cases.add(new Case(a -> a.alu64(Alu.AND, R13, imm(-8)), "and r13,0xfffffffffffffff8"));
    cases.add(
        new Case(a -> a.alu64(Alu.XOR, Memory.base(RSP, 8), RCX), "xor QWORD PTR [rsp+0x8],rcx"));
    cases.add(
        new Case(a -> a.alu64(Alu.OR, Memory.base(RSP, 8), imm(1)), "or QWORD PTR [rsp+0x8],0x1"));
    cases.add(new Case(a -> a.alu32(Alu.ADC, RSI, RDX), "adc esi,edx"));
    cases.add(new Case(a -> a.alu32(Alu.SBB, RSI, imm(300)), "sbb esi,0x12c"));
    cases.add(
        new Case(a -> a.alu32(Alu.CMP, Memory.fs(0xEC), imm(0)), "cmp DWORD PTR fs:0xec,0x0"));
    cases.add(new Case(a -> a.alu32(Alu.CMP, RAX, Memory.fs(0xE4)), "cmp eax,DWORD PTR fs:0xe4"));
    cases.add(new Case(a -> a.alu32(Alu.OR, Memory.base(RDX, 0), RAX), "or DWORD PTR [rdx],eax"));
    cases.add(new Case(a -> a.alu8(Alu.CMP, Memory.fs(0xE8), imm(0)), "cmp BYTE PTR fs:0xe8,0x0"));
    cases.add(new Case(a -> a.addAl(0x7F), "add al,0x7f"));
    cases.add(new Case(a -> a.test64(RDX, RDX), "test rdx,rdx"));
    cases.add(new Case(a -> a.test32(R8, RAX), "test r8d,eax"));
    cases.add(new Case(a -> a.test32(RBX, imm(0x400)), "test ebx,0x400"));
    cases.add(
        new Case(
            a -> a.test32(Memory.base(RDI, 0x88), imm(0x400)), "test DWORD PTR [rdi+0x88],0x400"));
    cases.add(new Case(a -> a.not64(R11), "not r11"));
    cases.add(new Case(a -> a.inc64(RDI), "inc rdi"));
    cases.add(new Case(a -> a.shift64(Shift.SHR, RAX, 32), "shr rax,0x20"));
    cases.add(new Case(a -> a.bt32(RAX, 10), "bt eax,0xa"));
  }

  private static void atomics(List<Case> cases) {
    cases.add(
        new Case(
            a -> lockThen(a, () -> a.cmpxchg32(Memory.base(RDI, 0), RDX)),
            "lock cmpxchg DWORD PTR [rdi],edx"));
    cases.add(
        new Case(
            a -> lockThen(a, () -> a.cmpxchg64(Memory.base(R9, 0), RDX)),
            "lock cmpxchg QWORD PTR [r9],rdx"));
    cases.add(
        new Case(
            a -> lockThen(a, () -> a.xadd32(Memory.base(RDI, 4), RSI)),
            "lock xadd DWORD PTR [rdi+0x4],esi"));
    cases.add(
        new Case(
            a -> lockThen(a, () -> a.alu32(Alu.AND, Memory.base(RDI, 0), RSI)),
            "lock and DWORD PTR [rdi],esi"));
    cases.add(new Case(a -> a.xchg32(Memory.base(RDI, 0), RAX), "xchg DWORD PTR [rdi],eax"));
  }

  private static void lockThen(Assembler assembler, Runnable instruction) {
    assembler.lock();
    instruction.run();
  }

  private static void vectorsAndState(List<Case> cases) {
    cases.add(
        new Case(
            a -> a.vmovdqu256(3, Memory.base(RDI, 0x260)), "vmovdqu ymm3,YMMWORD PTR [rdi+0x260]"));
    cases.add(
        new Case(a -> a.vmovdqu256(15, Memory.fs(0x3E0)), "vmovdqu ymm15,YMMWORD PTR fs:0x3e0"));
    cases.add(
        new Case(
            a -> a.vmovdqu256(Memory.base(R9, 0x20), 9), "vmovdqu YMMWORD PTR [r9+0x20],ymm9"));
    cases.add(
        new Case(
            a -> a.vmovdqu256(Memory.indexed(RAX, R8, 2, 0), 1),
            "vmovdqu YMMWORD PTR [rax+r8*2],ymm1"));
    cases.add(new Case(Assembler::vzeroupper, "vzeroupper"));
    cases.add(new Case(Assembler::vzeroall, "vzeroall"));
    cases.add(new Case(a -> a.fxsave64(Memory.base(RDI, 0x400)), "fxsave64 [rdi+0x400]"));
    cases.add(new Case(a -> a.fxrstor64(Memory.fs(0x400)), "fxrstor64 fs:0x400"));
    cases.add(new Case(Assembler::fnstswAx, "fnstsw ax"));
    cases.add(new Case(a -> a.xrstor64(Memory.fs(0x400)), "xrstor64 fs:0x400"));
    cases.add(new Case(Assembler::fninit, "fninit"));
    cases.add(new Case(a -> a.fnstcw(Memory.base(RSP, 4)), "fnstcw WORD PTR [rsp+0x4]"));
    cases.add(new Case(a -> a.stmxcsr(Memory.fs(0xE0)), "stmxcsr DWORD PTR fs:0xe0"));
    cases.add(new Case(a -> a.ldmxcsr(Memory.base(RDI, 0xE4)), "ldmxcsr DWORD PTR [rdi+0xe4]"));
    cases.add(new Case(a -> a.wrgsbase(R9), "wrgsbase r9"));
    cases.add(new Case(Assembler::pushfq, "pushf"));
    cases.add(new Case(Assembler::sahf, "sahf"));
    cases.add(new Case(Assembler::cld, "cld"));
    cases.add(new Case(Assembler::std, "std"));
    cases.add(new Case(Assembler::repMovsb, "rep movs BYTE PTR es:[rdi],BYTE PTR ds:[rsi]"));
    cases.add(new Case(Assembler::repStosb, "rep stos BYTE PTR es:[rdi],al"));
    cases.add(new Case(Assembler::syscall, "syscall"));
    cases.add(new Case(Assembler::ret, "ret"));
    cases.add(new Case(a -> a.callRegister(RAX), "call rax"));
    cases.add(new Case(a -> a.jmp(Memory.fs(0xC0)), "jmp QWORD PTR fs:0xc0"));
    cases.add(
        new Case(
            a -> a.jmp(new Memory(Memory.Segment.GS, NONE, R11, 8, 0x80000000, 64)),
            "jmp QWORD PTR gs:[r11*8-0x80000000]"));
    cases.add(
        new Case(
            a -> a.mov32(RAX, new Memory(Memory.Segment.GS, NONE, NONE, 1, 0x1000, 32)),
            "mov eax,DWORD PTR gs:[eiz*1+0x1000]"));
  }

  @Test
  void branchesReachLabelsBeforeAndAfterThem() throws Exception {
    Assumptions.assumeTrue(Files.isExecutable(OBJDUMP), "needs objdump");
    Assembler a = new Assembler();
    Label start = a.here();
    Label end = new Label();
    a.jmp(end);
    a.jcc(Condition.EQUAL, end);
    a.jccShort(Condition.NOT_EQUAL, end);
    a.jmp(start);
    a.jcc(Condition.ABOVE, start);
    a.lea64(R9, start);
    a.jmp(0x1000);
    a.jcc(Condition.BELOW, 0x2000);
    a.bind(end);
    a.ret();
    assertThat(disassemble(a.assembleAt(0)))
        .containsExactly(
            "jmp 0x23",
            "je 0x23",
            "jne 0x23",
            "jmp 0x0",
            "ja 0x0",
            "lea r9,[rip+0xffffffffffffffe8] # 0x0",
            "jmp 0x1000",
            "jb 0x2000",
            "ret");
  }

  @Test
  void aShortBranchTooFarAwayIsRefused() {
    Assembler a = new Assembler();
    Label end = new Label();
    a.jccShort(Condition.EQUAL, end);
    a.bytes(new byte[128], 0, 128);
    a.bind(end);
    assertThatThrownBy(() -> a.assembleAt(0)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void anUnboundLabelIsRefused() {
    Assembler a = new Assembler();
    a.jmp(new Label());
    assertThatThrownBy(() -> a.assembleAt(0)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aHostAddressBeyondTwoGibibytesIsRefused() {
    Assembler a = new Assembler();
    a.jmp(0x7F00_0000_0000L);
    assertThatThrownBy(() -> a.assembleAt(0x1000)).isInstanceOf(IllegalStateException.class);
  }

  private List<String> disassemble(byte[] code) throws IOException, InterruptedException {
    Path file = Files.write(directory.resolve("code.bin"), code);
    Process process =
        new ProcessBuilder(
                OBJDUMP.toString(),
                "-D",
                "-b",
                "binary",
                "-m",
                "i386:x86-64",
                "-M",
                "intel",
                "--no-show-raw-insn",
                "-w",
                file.toString())
            .redirectErrorStream(true)
            .start();
    List<String> lines = new ArrayList<>();
    for (String line : new String(process.getInputStream().readAllBytes()).split("\n")) {
      if (line.matches("\\s*[0-9a-f]+:\\s.*")) {
        lines.add(line.replaceFirst("\\s*[0-9a-f]+:\\s+", "").replaceAll("\\s+", " ").trim());
      }
    }
    process.waitFor();
    return lines;
  }
}
