"""What a program gets that binds sockets before it uses them to reach servers outside; prints no port that differs from run to run.

The arguments are the port of a TCP server, of a UDP server, a port that is free, and addresses of the machine. The servers are at
every address, and answer with the address that they are asked from."""

import errno
import select
import socket
import sys

TCP, UDP, FREE = map(int, sys.argv[1:4])
SERVERS = [('127.0.0.1', socket.AF_INET), ('::1', socket.AF_INET6)]
SOURCES = ['127.0.0.1', '127.0.0.2', '127.1.2.3', '0.0.0.0', '192.0.2.254', '8.8.8.8', '224.0.0.1', '255.255.255.255',
           '::1', '::', '::ffff:127.0.0.2', 'fd00::7', 'ff02::1'] + sys.argv[4:]


def attempt(what, call):
    try:
        print(what, call())
    except OSError as e:
        print(what, errno.errorcode.get(e.errno, e))


def family(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def tcp(s, server):
    s.settimeout(10)
    s.connect((server, TCP))
    seen = s.recv(100).decode()
    return seen, s.getsockname()[0], s.getpeername()[0]


def udp(s, server):
    s.settimeout(10)
    s.sendto(b'who', (server, UDP))
    return s.recvfrom(100)[0].decode()


def connected_udp(s, server):
    s.connect((server, UDP))
    return s.getsockname()[0], s.getpeername()[0]


def bound(kind, source, server, use):
    with socket.socket(family(source), kind) as s:
        if family(source) == socket.AF_INET6 and ':' not in server:
            server = '::ffff:' + server
        s.bind((source, 0))
        return use(s, server)


servers = [server for server, _ in SERVERS] + sys.argv[4:]
for source in SOURCES:
    for server in servers:
        if family(server) == socket.AF_INET6 and family(source) == socket.AF_INET:
            continue
        for name, kind, use in (('tcp', socket.SOCK_STREAM, tcp), ('udp', socket.SOCK_DGRAM, udp),
                                ('connected udp', socket.SOCK_DGRAM, connected_udp)):
            if kind == socket.SOCK_DGRAM and source in ('224.0.0.1', '255.255.255.255'):
                # Nobody could answer.
                continue
            attempt(f'{name} from {source} to {server}:', lambda: bound(kind, source, server, use))

for server, kind in SERVERS:
    for name, use in ('tcp', tcp), ('udp', udp), ('connected udp', connected_udp):
        with socket.socket(kind, socket.SOCK_STREAM if use is tcp else socket.SOCK_DGRAM) as s:
            attempt(f'{name} from anywhere to {server}:', lambda: use(s, server))

# A port that the program asks for is the server's view of it, too.
for source in '127.0.0.2', '0.0.0.0':
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((source, FREE))
        attempt(f'port from {source}:', lambda: (tcp(s, '127.0.0.1'), s.getsockname()[1] == FREE))
        # So that the next one need not wait for the end of this one.
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')

# A socket whose attempt failed keeps its address, and is as good as new.
with socket.socket() as s:
    s.bind(('127.0.0.3', 0))
    for _ in range(3):
        attempt('nobody there:', lambda: s.connect(('127.0.0.1', FREE)))
        print('still', s.getsockname()[0])
        attempt('peer:', s.getpeername)
        attempt('receive:', lambda: s.recv(1))
        attempt('send:', lambda: s.send(b'x'))
    attempt('at last:', lambda: tcp(s, '127.0.0.1'))
with socket.socket() as s:
    attempt('nobody there:', lambda: s.connect(('127.0.0.1', FREE)))
    print('no name', s.getsockname()[0])
    s.bind(('127.0.0.4', 0))
    attempt('bound now:', lambda: tcp(s, '127.0.0.1'))
with socket.socket() as s:
    s.setblocking(False)
    s.bind(('127.0.0.5', 0))
    print('not at once', errno.errorcode[s.connect_ex(('127.0.0.1', FREE))] in ('EINPROGRESS', 'ECONNREFUSED'))
for takes_error in True, False:
    with socket.socket() as s, select.epoll() as watch:
        s.setblocking(False)
        s.bind(('127.0.0.7', 0))
        watch.register(s, select.EPOLLIN | select.EPOLLOUT)
        for port in FREE, FREE, TCP:
            print('watched', errno.errorcode[s.connect_ex(('127.0.0.1', port))])
            print('ready', watch.poll(10) != [])
            if takes_error:
                print('error', errno.errorcode.get(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 'none'))
            print('then', errno.errorcode.get(s.connect_ex(('127.0.0.1', port)), 'connected'))
        print('from', s.getsockname()[0])
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(('127.0.0.6', 0))
    attempt('connected:', lambda: connected_udp(s, '127.0.0.1'))
    attempt('and elsewhere:', lambda: udp(s, '127.0.0.1'))

# Ports of one's own: two listen at one port of two addresses, and are told apart.
for first, second in [('127.0.0.1', '127.0.0.2')] + [(a, '127.0.0.1') for a in sys.argv[4:] if ':' not in a]:
    with socket.socket() as one, socket.socket() as two:
        one.bind((first, 0))
        two.bind((second, one.getsockname()[1]))
        one.listen()
        two.listen()
        for listener in one, two:
            with socket.create_connection(listener.getsockname(), source_address=(second, 0)) as client:
                accepted, address = listener.accept()
                print('accepted at', accepted.getsockname()[0], 'from', address[0], address == client.getsockname())
                accepted.close()
