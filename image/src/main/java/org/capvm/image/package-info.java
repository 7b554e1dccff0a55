/** Where a cVM's file tree comes from. */
package org.capvm.image;
