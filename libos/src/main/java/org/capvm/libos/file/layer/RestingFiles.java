package org.capvm.libos.file.layer;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The files of a layered file system whose content holds a host descriptor, least recently opened
 * first. When there are many, those that nobody has open are packed away. Threads: any.
 */
final class RestingFiles {
  private static final int MAX_OPEN = 1024;
  private static final int PACKED_AT_ONCE = 128;

  /** Guarded by itself. */
  private final Set<LayeredFile> files = new LinkedHashSet<>();

  /** A file's content was made or opened. */
  void used(LayeredFile file) {
    synchronized (files) {
      files.remove(file);
      files.add(file);
    }
  }

  /** A file's content is gone. */
  void gone(LayeredFile file) {
    synchronized (files) {
      files.remove(file);
    }
  }

  /** Packs some files if there are too many. Called without any file's monitor. */
  void settle() {
    for (LayeredFile file : eldest()) {
      if (!file.pack()) {
        // In use: it comes last in the next round.
        used(file);
      }
    }
  }

  private List<LayeredFile> eldest() {
    synchronized (files) {
      if (files.size() <= MAX_OPEN) {
        return List.of();
      }
      List<LayeredFile> eldest = new ArrayList<>();
      Iterator<LayeredFile> each = files.iterator();
      while (each.hasNext() && eldest.size() < PACKED_AT_ONCE) {
        eldest.add(each.next());
        each.remove();
      }
      return eldest;
    }
  }
}
