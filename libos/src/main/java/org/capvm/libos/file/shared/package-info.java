/** {@code /cap}: what other cVMs share with this one, as files. */
package org.capvm.libos.file.shared;
