/** Benchmarks, and the programs they run. */
package org.capvm.bench;
