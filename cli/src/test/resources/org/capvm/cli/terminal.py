"""Drives an interactive Python behind a terminal: prompt, echo, line editing, history, interrupt and quit."""
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


def press_during_sleep(key, seconds):
    """Lets the prompt sleep, and presses a key while it does."""
    os.write(terminal, f"print('s' + 'leeps'); time.sleep({seconds})\r".encode())
    expect(b"sleeps")
    time.sleep(0.5)
    os.write(terminal, key)


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
os.write(terminal, b"import signal; _ = signal.signal(signal.SIGQUIT, lambda number, frame: print('quit', number))\r")
expect(b">>> ")
press_during_sleep(b"\x1c", seconds=3)
expect(b"quit 3")
expect(b">>> ")
os.write(terminal, b"import sys; sys.stdin.isatty() and signal.signal(signal.SIGQUIT, signal.SIG_DFL)\r")
expect(b">>> ")
press_during_sleep(b"\x1c", seconds=30)
_, status = os.waitpid(child, 0)
status = os.waitstatus_to_exitcode(status)
print("all as expected" if status == 128 + 3 else f"status {status}")
