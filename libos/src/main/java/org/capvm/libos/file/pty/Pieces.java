package org.capvm.libos.file.pty;

import java.util.function.ToIntFunction;
import org.capvm.libos.ErrnoException;
import org.capvm.libos.file.IoBuffer;

/** Moves a program's buffer to and from a terminal, which takes and gives byte arrays. */
final class Pieces {
  private Pieces() {}

  /** Reads one piece; the reader returns how much of it there is. */
  static long read(IoBuffer buffer, int pieceBytes, ToIntFunction<byte[]> reader) {
    byte[] piece = new byte[(int) Math.min(buffer.length(), pieceBytes)];
    int count = reader.applyAsInt(piece);
    buffer.put(0, piece, 0, count);
    return count;
  }

  /** Writes all of a buffer; an error after the first piece only makes the count short. */
  static long write(IoBuffer buffer, int pieceBytes, ToIntFunction<byte[]> writer) {
    long done = 0;
    while (done < buffer.length()) {
      byte[] piece = new byte[(int) Math.min(buffer.length() - done, pieceBytes)];
      buffer.get(done, piece, 0, piece.length);
      int count;
      try {
        count = writer.applyAsInt(piece);
      } catch (ErrnoException stopped) {
        if (done > 0) {
          return done;
        }
        throw stopped;
      }
      done += count;
      if (count < piece.length) {
        break;
      }
    }
    return done;
  }
}
