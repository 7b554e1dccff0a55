"""Takes frames from another cVM's buffer, turns their bytes around and hands them back."""

import struct
import sys
import time

import capvm

HEADER = 8
while True:
    try:
        buffer = capvm.CpFile.open(sys.argv[1])
        break
    except FileNotFoundError:
        time.sleep(0.005)
turn = 0
while True:
    while True:
        sequence, length = struct.unpack("<ii", buffer.read(0, HEADER))
        if sequence != turn:
            break
        try:
            buffer.wait(0, turn, 30)
        except BlockingIOError:
            pass
    if length < 0:
        break
    frame = buffer.read(HEADER, length)
    buffer.write(HEADER, frame[::-1])
    turn = sequence + 1
    buffer.write(0, struct.pack("<i", turn))
    buffer.notify(0, 1)
try:
    buffer.read(1 << 40, 1)
except OSError as refusal:
    print("refused:", refusal.strerror)
# Good-bye: the owner, with whom the buffer ends, waits for it.
buffer.write(0, bytes(4))
buffer.notify(0, 1)
