/**
 * Watches on files: inotify(7). The calls on files say what they did, as far as somebody watches.
 *
 * <p>Lock order: an {@link org.capvm.libos.file.watch.Inotify}'s lock is innermost but for its wait
 * queue.
 */
package org.capvm.libos.file.watch;
