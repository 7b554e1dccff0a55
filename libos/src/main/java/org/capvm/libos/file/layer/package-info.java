/** Private writable trees: overlays over read-only file systems, and tmpfs. */
package org.capvm.libos.file.layer;
