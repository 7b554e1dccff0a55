/** The {@code cvm} command line. */
package org.capvm.cli;
