"""Capabilities of CapVM, for Python programs in cVMs.

A CpFile or a CpCall names a capability; errors are OSError with the errno that capvm.h documents.
"""

import ctypes
import os
import socket

READ, WRITE, CALL, NOTIFY, DELEGATE, ALL = 1, 2, 4, 8, 16, 31

_FIRST_CALL = 0x43410000
_NAMES = (
    "read write notify create open restrict readv writev submit wait grant revoke close stat "
    "return export serve call stream_create stream_open continue wake lend"
)
_CALL = {name: _FIRST_CALL + index for index, name in enumerate(_NAMES.split())}

_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long


def _vdso_routine(name):
    """A routine of the vDSO, which makes no system call if it need not; None if it cannot be had."""
    try:
        routine = getattr(ctypes.CDLL("linux-vdso.so.1"), name)
    except OSError:  # musl does not know the vDSO by name
        return None
    routine.restype = ctypes.c_long
    return routine


_call_routine = _vdso_routine("__vdso_cp_call")
_copy_routines = {name: _vdso_routine("__vdso_cp_file_" + name) for name in ("read", "write")}

# New bytes of a length, whose contents are still to come, and where they lie.
_new_bytes = ctypes.pythonapi.PyBytes_FromStringAndSize
_new_bytes.restype = ctypes.py_object
_new_bytes.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t)
_address_of_bytes = ctypes.pythonapi.PyBytes_AsString
_address_of_bytes.restype = ctypes.c_void_p
_address_of_bytes.argtypes = (ctypes.py_object,)


class _Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def _call(name, *arguments):

    result = _syscall(ctypes.c_long(_CALL[name]), *arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _copy(name, handle, offset, address, length):
    routine = _copy_routines[name]
    arguments = (_word(handle), _word(offset), ctypes.c_void_p(address), _word(length))
    if routine is None:
        _call(name, *arguments)
        return
    result = routine(*arguments)
    if result < 0:
        raise OSError(-result, os.strerror(-result))


def _word(value):
    return ctypes.c_long(value)


def _limit(timeout):
    """Seconds as a pointer to a timespec; None for none."""
    if timeout is None:
        return None
    return ctypes.byref(_Timespec(int(timeout), int(timeout % 1 * 1e9)))


class _Loan(ctypes.Structure):
    _fields_ = [
        ("file", ctypes.c_long),
        ("offset", ctypes.c_size_t),
        ("length", ctypes.c_size_t),
        ("permissions", ctypes.c_uint),
        ("word", ctypes.c_uint),
    ]


class _Capability:
    """What files and functions have in common."""

    def __init__(self, handle):
        self.handle = handle

    def grant(self, cvm, permissions):
        """Lets a cVM, or with "*" every cVM, open what this names."""
        _call(
            "grant", _word(self.handle), ctypes.c_char_p(os.fsencode(cvm)), _word(permissions)
        )

    def revoke(self):
        """Ends what was derived from or granted through this capability."""
        _call("revoke", _word(self.handle))

    def close(self):
        """Ends this capability."""
        _call("close", _word(self.handle))


class CpFile(_Capability):
    """A capability to a range of memory that cVMs share."""

    def __init__(self, handle, memory=None):
        super().__init__(handle)
        # Published memory must live as long as the file.
        self.memory = memory

    @classmethod
    def create(cls, name, length, permissions=ALL):
        """Publishes new memory of this process; .memory is a writable view of it."""
        memory = (ctypes.c_char * length)()
        handle = _call(
            "create",
            ctypes.c_char_p(os.fsencode(name)),
            ctypes.byref(memory),
            _word(length),
            _word(permissions),
        )
        return cls(handle, memoryview(memory).cast("B"))

    @classmethod
    def open(cls, name):
        """Opens "CVM/NAME" as it was granted to this cVM."""
        return cls(_call("open", ctypes.c_char_p(os.fsencode(name))))

    def restrict(self, offset, length, permissions):
        """A narrower capability, which ends with this one."""
        return CpFile(
            _call(
                "restrict", _word(self.handle), _word(offset), _word(length), _word(permissions)
            )
        )

    def read(self, offset, length):
        """Copies bytes out."""
        data = _new_bytes(None, length)
        _copy("read", self.handle, offset, _address_of_bytes(data), length)
        return data

    def write(self, offset, data):
        """Copies bytes in."""
        _copy("write", self.handle, offset, _address_of_bytes(data), len(data))

    def wait(self, offset, expected, timeout=None):
        """Sleeps until the int at offset is notified, unless it is not the expected one."""
        _call("wait", _word(self.handle), _word(offset), _word(expected), _limit(timeout))

    def notify(self, offset, count=1):
        """Wakes up to count of those who wait; returns how many."""
        return _call("notify", _word(self.handle), _word(offset), _word(count))


class CpCall(_Capability):
    """A capability to a function of some cVM, which takes six words and returns one."""

    _FUNCTION = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_long] * 6)
    _WORDS = ctypes.c_long * 6

    def __init__(self, handle, function=None):
        super().__init__(handle)
        # The machine code that callers enter must live as long as the export.
        self._function = function

    @classmethod
    def export(cls, name, function):
        """Publishes a function of six ints; a thread must serve it.

        A call that a deadline cuts short leaves the interpreter's lock taken: whoever grants the
        function trusts its callers not to set deadlines that the function can exceed.
        """
        code = cls._FUNCTION(function)
        return cls(_call("export", ctypes.c_char_p(os.fsencode(name)), code), code)

    @classmethod
    def open(cls, name):
        """Opens "CVM/NAME" as it was granted to this cVM."""
        return cls(_call("open", ctypes.c_char_p(os.fsencode(name))))

    def serve(self):
        """Lends this thread to callers; ends with EOWNERDEAD when the function is exported no more."""
        _call("serve", _word(self.handle))

    def call(self, *words, timeout=None, lend=()):
        """Calls with up to six ints, and returns the function's word.

        lend: buffers for the time of the call, as (word, file, offset, length, permissions); the
        callee finds a capability to each in the word of that number.
        """
        result = ctypes.c_long()
        if lend:
            loans = (_Loan * len(lend))(
                *(
                    _Loan(file.handle, offset, length, permissions, word)
                    for word, file, offset, length, permissions in lend
                )
            )
            _call(
                "lend",
                _word(self.handle),
                self._WORDS(*words),
                loans,
                _word(len(lend)),
                ctypes.byref(result),
                _limit(timeout),
            )
            return result.value
        arguments = (
            _word(self.handle),
            self._WORDS(*words),
            ctypes.byref(result),
            _limit(timeout),
        )
        if _call_routine is None:
            _call("call", *arguments)
        else:
            error = -_call_routine(*arguments)
            if error:
                raise OSError(error, os.strerror(error))
        return result.value


class CpStream(_Capability):
    """A capability to a stream of bytes, as its owner has it."""

    @classmethod
    def create(cls, name):
        """Publishes a stream; .socket is this end, a connected socket."""
        handle = ctypes.c_long()
        descriptor = _call(
            "stream_create",
            ctypes.c_char_p(os.fsencode(name)),
            _word(socket.SOCK_CLOEXEC),
            ctypes.byref(handle),
        )
        made = cls(handle.value)
        made.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
        return made

    @staticmethod
    def open(name):
        """Opens the other end of "CVM/NAME" as it was granted; returns a connected socket."""
        descriptor = _call(
            "stream_open", ctypes.c_char_p(os.fsencode(name)), _word(socket.SOCK_CLOEXEC)
        )
        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
