/**
 * The bytes of regular files: host descriptors shared by open files and mappings, where a cVM's own
 * files are stored, and what they are charged to.
 */
package org.capvm.libos.file.content;
