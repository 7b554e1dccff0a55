package org.capvm.libos.processor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.capvm.libos.host.HostScratch;
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

  private static final int NAME_BYTES = 15;

  private static final String THREADS = "/proc/self/task/";

  /** HotSpot makes and ends them as it needs them: that often they are looked for anew. */
  private static final int LOOKS_BEFORE_SEARCH = 50;

  /** Whether a thread, by its id at the host, is one of them. */
  private Map<Integer, Boolean> threads = Map.of();

  /** Those that are. */
  private int[] own = {};

  private ProcessorSet room = HostProcessors.all();

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
    for (int thread : own) {
      used += Math.max(0, Hostcalls.threadCpuNanos(thread));
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
    room = processors;
    for (int thread : own) {
      confine(thread);
    }
    // One that was made since the last search has the processors of its maker.
    search();
  }

  private void confine(int thread) {
    // One that has ended meanwhile is no error.
    HostProcessors.confine(thread, room);
  }

  private void search() {
    Map<Integer, Boolean> found = HashMap.newHashMap(threads.size());
    try (DirectoryStream<Path> directory = Files.newDirectoryStream(Path.of(THREADS))) {
      for (Path path : directory) {
        Integer thread = Integer.valueOf(path.getFileName().toString());
        Boolean known = threads.get(thread);
        found.put(thread, known != null ? known : isOne(thread));
      }
    } catch (IOException e) {
      // Without a /proc they are nowhere in particular.
      return;
    }
    Map<Integer, Boolean> before = threads;
    threads = found;
    own = found.keySet().stream().filter(found::get).mapToInt(Integer::intValue).toArray();
    Arrays.stream(own).filter(thread -> !before.containsKey(thread)).forEach(this::confine);
  }

  /** A guest may make hundreds of threads between two searches: so without a buffer for each. */
  private static boolean isOne(int thread) {
    long descriptor = Hostcalls.openForReading(THREADS + thread + "/comm");
    if (descriptor < 0) {
      return false;
    }
    MemorySegment scratch = HostScratch.get();
    long length = Hostcalls.read((int) descriptor, scratch.address(), NAME_BYTES);
    Hostcalls.close((int) descriptor);
    byte[] name = scratch.asSlice(0, Math.max(0, length)).toArray(ValueLayout.JAVA_BYTE);
    return NAMES.matcher(new String(name, StandardCharsets.US_ASCII).strip()).matches();
  }
}
