package org.capvm.libos.process;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.capvm.libos.LibraryOs;
import org.capvm.libos.file.FileDescriptorTable;
import org.capvm.libos.net.NetworkMode;
import org.capvm.libos.net.NetworkNamespace;
import org.capvm.monitor.Intravisor;
import org.capvm.monitor.IntravisorOptions;

public final class RunHost {
  public static void main(String[] args) throws Exception {
    Intravisor intravisor = Intravisor.start(IntravisorOptions.defaults());
    LibraryOs os = new LibraryOs(intravisor, 2L << 30, "cvm", null, new DeathReport.Listener() {
      @Override
      public void died(DeathReport report) {
        System.err.print(report.details());
      }

      @Override
      public void failed(String text) {
        System.err.print(text);
      }
    }, new NetworkNamespace(NetworkMode.PRIVATE));
    List<byte[]> words = new ArrayList<>();
    for (String a : args) words.add(a.getBytes(StandardCharsets.ISO_8859_1));
    Process p = os.start(HostProgram::open, args[0], words, List.of("A=b".getBytes()), Credentials.of(0, 0), new FileDescriptorTable(), null);
    System.out.println(p.awaitEnd());
    for (var f : os.statistics().failures()) System.out.println(f);
    System.exit(0);
  }
}
