package org.capvm.machine.code;

/**
 * What makes two executable mappings the same code: the same unchanged part of the same host file.
 *
 * <p>Mappings with equal origins, guest addresses and lengths share translations, in whatever
 * address spaces they are. Give no origin to memory that the guest can change.
 *
 * @param device the host's device number of the file
 * @param inode its inode number
 * @param generation changes whenever the content does: a digest of its size and its modification
 *     and change times
 * @param fileOffset where in the file the mapping starts, in bytes
 */
public record CodeOrigin(long device, long inode, long generation, long fileOffset) {}
