"""Drives an interactive Python behind a terminal: prompt, echo, line editing, history, interrupt and end of input."""
import os
import pty
import select
import sys
import time


seen = b""


def expect(text, limit=20):
    """Waits for a text behind the last one waited for."""
    global seen
    end = time.monotonic() + limit
    while text not in seen:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            sys.exit(f"waited for {text!r}, got {seen!r}")
        try:
            seen += os.read(terminal, 4096)
        except OSError:
            sys.exit(f"terminal closed while waiting for {text!r}, got {seen!r}")
    seen = seen[seen.index(text) + len(text) :]


child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], sys.argv[1:])

expect(b">>> ")
os.write(terminal, b"6 * 7\r")
expect(b"42")
expect(b">>> ")
os.write(terminal, b"print('ab\x7fc')\r")  # backspace
expect(b"\nac")
expect(b">>> ")
os.write(terminal, b"\x1b[A\x01\x0bprint(11 * 11)\r")  # history up, start of line, kill line
expect(b"121")
expect(b">>> ")
os.write(terminal, b"import time; time.sleep(30)\r")
time.sleep(0.5)
os.write(terminal, b"\x03")
expect(b"KeyboardInterrupt")
expect(b">>> ")
os.write(terminal, b"import sys; sys.stdin.isatty(), sys.exit(0)\r")
_, status = os.waitpid(child, 0)
print("all as expected" if status == 0 else f"status {status}")
