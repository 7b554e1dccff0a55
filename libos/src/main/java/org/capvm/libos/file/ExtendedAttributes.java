package org.capvm.libos.file;

import java.util.List;

/** The extended attributes of one file. Threads: any. */
public interface ExtendedAttributes {
  /** The value of a name, or null. */
  byte[] get(String name);

  /** Sets a value; whether the name must or must not exist has been checked. */
  void set(String name, byte[] value);

  /** Removes a name; false if there was none. */
  boolean remove(String name);

  /** All names. */
  List<String> names();
}
