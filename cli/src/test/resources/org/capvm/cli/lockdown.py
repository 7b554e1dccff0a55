"""Uses much of what a library OS asks of the host, then waits for a line."""
import mmap
import os
import socket
import subprocess
import tempfile
import threading
import time

threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(subprocess.run(["/bin/echo", "child"], capture_output=True, text=True).stdout.strip())
with socket.socket() as server:
    server.bind(("127.0.0.1", 0))
    server.listen()
    with socket.create_connection(server.getsockname()) as client, server.accept()[0] as accepted:
        accepted.send(b"loopback")
        print(client.recv(8).decode())
with tempfile.TemporaryFile() as file:
    file.write(b"mapped" * 10000)
    file.flush()
    print(mmap.mmap(file.fileno(), 0)[:6].decode())
os.makedirs("/tmp/a/b")
os.rename("/tmp/a/b", "/tmp/a/c")
print(os.listdir("/tmp/a"), flush=True)
input()
