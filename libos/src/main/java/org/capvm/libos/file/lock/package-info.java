/** Advisory locks inside one cVM: {@code fcntl}'s record locks and {@code flock}. */
package org.capvm.libos.file.lock;
