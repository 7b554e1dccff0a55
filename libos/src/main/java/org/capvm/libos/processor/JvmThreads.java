package org.capvm.libos.processor;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.capvm.libos.host.Hostcalls;

/**
 * The JVM's own threads that work while guests do: they compile, and collect garbage. Not those
 * that work while all of Java is stopped: everybody waits for them, so they have all processors.
 *
 * <p>They are found by the names that HotSpot gives them at the host. For one thread at a time.
 */
final class JvmThreads implements ProcessorUser {
  /** The host keeps the first 15 characters of a name. */
  private static final Pattern NAMES =
      Pattern.compile("C[12] Compiler.*|Shenandoah GC T.*|G1 Conc.*|G1 Refine.*|ZWorker.*");

  private static final Path THREADS = Path.of("/proc/self/task");

  /** HotSpot makes and ends them as it needs them: that often they are looked for anew. */
  private static final int LOOKS_BEFORE_SEARCH = 50;

  /** Whether a thread, by its id at the host, is one of them. */
  private Map<Integer, Boolean> threads = Map.of();

  private int looks;
  private long nanosBefore;
  private long usedBefore;

  @Override
  public int processorLimit() {
    return HostProcessors.count();
  }

  /** What they used of the processors since the last look. */
  @Override
  public double load() {
    boolean anew = looks++ % LOOKS_BEFORE_SEARCH == 0;
    if (anew) {
      search();
    }
    long used = 0;
    for (Map.Entry<Integer, Boolean> thread : threads.entrySet()) {
      used += thread.getValue() ? Math.max(0, Hostcalls.threadCpuNanos(thread.getKey())) : 0;
    }
    long now = System.nanoTime();
    double load = Math.max(0, used - usedBefore) / (double) Math.max(1, now - nanosBefore);
    nanosBefore = now;
    usedBefore = used;
    return anew ? 0 : load;
  }

  @Override
  public long allocatedBytes() {
    return 0;
  }

  @Override
  public void confineTo(ProcessorSet processors) {
    search();
    threads.forEach(
        (thread, isOne) -> {
          if (isOne) {
            // One that has ended meanwhile is no error.
            HostProcessors.confine(thread, processors);
          }
        });
  }

  private void search() {
    Map<Integer, Boolean> found = new HashMap<>();
    try (DirectoryStream<Path> directory = Files.newDirectoryStream(THREADS)) {
      for (Path path : directory) {
        int thread = Integer.parseInt(path.getFileName().toString());
        Boolean known = threads.get(thread);
        found.put(thread, known != null ? known : isOne(path));
      }
    } catch (IOException e) {
      // Without a /proc they are nowhere in particular.
      return;
    }
    threads = found;
  }

  private static boolean isOne(Path thread) {
    try {
      return NAMES.matcher(Files.readString(thread.resolve("comm")).strip()).matches();
    } catch (IOException e) {
      return false;
    }
  }
}
