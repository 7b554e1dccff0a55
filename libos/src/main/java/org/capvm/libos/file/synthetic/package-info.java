/** Building blocks for file systems that the library OS makes up, such as {@code /proc}. */
package org.capvm.libos.file.synthetic;
