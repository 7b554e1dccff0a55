"""Uses a key-value store in C in another cVM, which calls a function of this program in turn."""

import errno
import sys
import threading
import time

import capvm

PUT, GET, SLEEP, NESTED = 0, 1, 2, 7


def open_when_there(name):
    while True:
        try:
            return capvm.CpCall.open(name)
        except FileNotFoundError:
            time.sleep(0.005)


def serve(function):
    try:
        function.serve()
    except OSError as end:
        print("served until:", errno.errorcode[end.errno])


store = open_when_there(sys.argv[1])
for key in range(1, 21):
    store.call(PUT, key, key**3)
print("sum:", sum(store.call(GET, key, timeout=5) for key in range(1, 21)))

back = capvm.CpCall.export("back", lambda a, b, c, d, e, f: a * b)
back.grant("*", capvm.CALL)
server = threading.Thread(target=serve, args=(back,))
server.start()
print("nested:", [store.call(NESTED, n, 7) for n in range(5)])

try:
    store.call(SLEEP, timeout=0.05)
except TimeoutError as refusal:
    print("late:", errno.errorcode[refusal.errno])
try:
    store.grant("*", capvm.CALL)
except PermissionError as refusal:
    print("passed on:", errno.errorcode[refusal.errno])
back.close()
server.join()
