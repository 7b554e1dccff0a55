"""Runs a benchmark three times and reports at the end the processor time of it all, in nanoseconds.

Three times, because starting an interpreter is measured elsewhere: it is a tenth of one run."""
import runpy
import sys
import time

for _ in range(3):
    runpy.run_path(sys.argv[1])
print(time.process_time_ns(), file=sys.stderr)
