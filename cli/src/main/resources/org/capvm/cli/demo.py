"""What `cvm demo` runs in Python: a client of Redis, and a service beside Redis that it calls.

The same on both sides but for how calls and shared bytes travel: between native processes through an
AF_UNIX socket and a mapped file, between cVMs by CP_Call and CP_File.
"""

import mmap
import os
import socket
import struct
import sys
import time

SHARED_BYTES = 1 << 16
VALUE = b"v" * 64
ADD, FETCH = 0, 1
PIPELINE = 16


class Redis:
    """A connection that speaks as much of Redis's protocol as is needed here."""

    def __init__(self, address):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
        else:
            self.socket = socket.socket()
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect(address)

    def ask(self, request, answer):
        """Sends a request and receives the answer that must come."""
        self.socket.sendall(request)
        got = self.socket.recv(len(answer))
        while len(got) < len(answer):
            more = self.socket.recv(len(answer) - len(got))
            if not more:
                raise EOFError("Redis closed the connection")
            got += more
        if got != answer:
            raise ValueError(f"Redis answered {got!r}")
        return got

    def set(self):
        self.ask(b"SET key %s\r\n" % VALUE, b"+OK\r\n")

    def get(self):
        return self.ask(GET, GOT)[-2 - len(VALUE) : -2]


GET = b"GET key\r\n"
GOT = b"$%d\r\n%s\r\n" % (len(VALUE), VALUE)


def until_there(attempt):
    """What the attempt gives, as soon as the other side is there."""
    for _ in range(2000):
        try:
            return attempt()
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.01)
    return attempt()


def service(redis, memory):
    """The function that clients call."""

    def called(operation, a, b, *_):
        if operation == ADD:
            return a + b
        value = redis.get()
        memory[: len(value)] = value
        return len(value)

    return called


class NativeWay:
    """An AF_UNIX socket for calls, a mapped file for shared bytes."""

    _WORDS = struct.Struct("6q")
    _WORD = struct.Struct("q")

    def __init__(self, directory):
        self.address = os.path.join(directory, "service.sock")
        self.file = os.path.join(directory, "shared")

    def serve(self, redis):
        with open(self.file, "w+b") as file:
            file.truncate(SHARED_BYTES)
            called = service(redis, memoryview(mmap.mmap(file.fileno(), SHARED_BYTES)))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.address)
        listener.listen()
        while True:
            client, _ = listener.accept()
            while request := client.recv(self._WORDS.size, socket.MSG_WAITALL):
                client.sendall(self._WORD.pack(called(*self._WORDS.unpack(request))))
            client.close()

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.address)
        with open(self.file, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), SHARED_BYTES)

    def call(self, operation, a, b):
        self.socket.sendall(self._WORDS.pack(operation, a, b, 0, 0, 0))
        return self._WORD.unpack(self.socket.recv(self._WORD.size, socket.MSG_WAITALL))[0]

    def read(self, length):
        return self.memory[:length]


class CapabilityWay:
    """CP_Call for calls, CP_File for shared bytes."""

    def __init__(self, owner):
        self.owner = owner

    def serve(self, redis):
        import capvm

        shared = capvm.CpFile.create("shared", SHARED_BYTES)
        shared.grant("*", capvm.READ)
        function = capvm.CpCall.export("service", service(redis, shared.memory))
        function.grant("*", capvm.CALL)
        function.serve()

    def connect(self):
        import capvm

        self._call = capvm.CpCall.open(self.owner + "/service").call
        self.read_at = capvm.CpFile.open(self.owner + "/shared").read

    def call(self, operation, a, b):
        return self._call(operation, a, b)

    def read(self, length):
        return self.read_at(0, length)


def rate(seconds, once):
    """How often a second something is done, trying for so many seconds."""
    once()
    count = 0
    start = now = time.perf_counter()
    while now - start < seconds:
        for _ in range(20):
            once()
        count += 20
        now = time.perf_counter()
    return count / (now - start)


def use(way, port, path, seconds):
    tcp = until_there(lambda: Redis(("127.0.0.1", port)))
    unix = until_there(lambda: Redis(path))
    tcp.set()
    until_there(way.connect)

    def fetch():
        if way.read(way.call(FETCH, 0, 0)) != VALUE:
            raise ValueError("the service brought something else")

    def add():
        if way.call(ADD, 20, 22) != 42:
            raise ValueError("the service cannot add")

    print("get-tcp", rate(seconds, tcp.get))
    print("get-unix", rate(seconds, unix.get))
    pipeline = rate(seconds, lambda: tcp.ask(GET * PIPELINE, GOT * PIPELINE))
    print("get-pipeline", pipeline * PIPELINE)
    print("get-call", rate(seconds, fetch))
    print("call", rate(seconds, add))
    print("read", rate(seconds, lambda: way.read(SHARED_BYTES)))


def main(role, way, where, path, *rest):
    way = {"native": NativeWay, "capability": CapabilityWay}[way](where)
    if role == "serve":
        way.serve(until_there(lambda: Redis(path)))
    else:
        use(way, int(rest[0]), path, float(rest[1]))


main(*sys.argv[1:])
