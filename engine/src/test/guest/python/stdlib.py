"""One line for each part of the standard library that is looked at, each deterministic."""
import array
import base64
import bisect
import bz2
import calendar
import collections
import configparser
import csv
import ctypes
import ctypes.util
import datetime
import decimal
import difflib
import enum
import fractions
import functools
import glob
import gzip
import hashlib
import heapq
import hmac
import io
import itertools
import json
import lzma
import math
import mmap
import operator
import os
import pathlib
import pickle
import random
import re
import shutil
import sqlite3
import statistics
import string
import struct
import sys
import tempfile
import textwrap
import time
import unicodedata
import uuid
import xml.etree.ElementTree
import zipfile
import zlib

say = print
data = bytes(range(256)) * 400 + "Grüße, мир, 世界".encode() * 100

document = {"numbers": [1, 2.5, -3e10, None, True], "text": "Grüße \"quoted\" \n", "nested": {"a": {"b": []}}}
text = json.dumps(document, sort_keys=True, indent=1)
say("json", text, json.loads(text) == document)

say("re", re.findall(r"(?P<key>\w+)=(?P<value>[^;]*);?", "a=1;bb=two;c=;"), re.sub(r"(\d+)", lambda m: str(int(m[1]) * 2), "1 a 22"))
say("re", re.split(r"\s*[,;]\s*", "a , b;c ,d"), bool(re.fullmatch(r"(?:(?:ab)+c?){2,}", "ababcabab")))

for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b", "blake2s"):
    say(name, hashlib.new(name, data).hexdigest())
say("hmac", hmac.new(b"key", data, "sha256").hexdigest())
say("pbkdf2", hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 1000).hex())

for module in (zlib, bz2, lzma, gzip):
    packed = module.compress(data) if module is not gzip else gzip.compress(data, mtime=0)
    say(module.__name__, len(packed), hashlib.md5(packed).hexdigest(), module.decompress(packed) == data)
say("crc", zlib.crc32(data), zlib.adler32(data))

with sqlite3.connect("test.db") as database:
    database.execute("create table t (id integer primary key, name text, value real)")
    database.executemany("insert into t (name, value) values (?, ?)", ((f"n{i}", i * 0.5) for i in range(2000)))
    say("sqlite3", database.execute("select count(*), sum(value), max(name) from t where value > 100").fetchone())
    say("sqlite3", database.execute("select name from t order by value desc limit 3").fetchall())
    try:
        database.execute("insert into t (id) values (1)")
    except sqlite3.IntegrityError as error:
        say("sqlite3", error)
database.close()

decimal.getcontext().prec = 60
say("decimal", decimal.Decimal(2).sqrt(), decimal.Decimal(1) / 7, decimal.Decimal("1e-5").exp())
say("fractions", sum(fractions.Fraction(1, n) for n in range(1, 30)))

libc = ctypes.CDLL("libc.so.6")
libm = ctypes.CDLL("libm.so.6")
libm.cos.restype, libm.cos.argtypes = ctypes.c_double, [ctypes.c_double]
libm.pow.restype, libm.pow.argtypes = ctypes.c_double, [ctypes.c_double] * 2
say("ctypes", libc.abs(-5), libc.strlen(b"hello"), libm.cos(0.5), libm.pow(2.0, 0.5))
compare_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
values = (ctypes.c_int * 6)(5, 3, 9, -1, 7, 0)
libc.qsort(values, 6, ctypes.sizeof(ctypes.c_int), compare_type(lambda a, b: a[0] - b[0]))
say("ctypes", list(values))
buffer = ctypes.create_string_buffer(64)
libc.snprintf(buffer, 64, b"%d %s %.3f", 42, b"text", ctypes.c_double(2.5))
say("ctypes", buffer.value)


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int16), ("y", ctypes.c_double), ("tag", ctypes.c_char * 3)]


say("ctypes", ctypes.sizeof(Point), bytes(Point(1, 2.0, b"abc")).hex())

say("unicodedata", unicodedata.name("ß"), unicodedata.normalize("NFD", "é").encode(), unicodedata.category("世"), "ŒUVRE".casefold())
moment = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=datetime.timezone.utc)
say("datetime", moment.isoformat(), moment + datetime.timedelta(days=366), moment.strftime("%A %d %B %Y %j %U"))
say("datetime", datetime.datetime.fromtimestamp(86400 * 365), (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds())
say("calendar", calendar.month(2024, 2))
say("time", time.strftime("%Y-%m-%d", time.gmtime(10**9)), time.time() > 1.6e9, time.monotonic() > 0, time.perf_counter_ns() > 0)
say("math", math.pi, math.sin(1), math.gamma(5.5), math.comb(50, 25), math.isqrt(10**40), math.fsum([0.1] * 10), math.erf(0.3))
say("float", float("1e308") * 10, 0.1 + 0.2, repr(1e22), (2.5).hex(), round(2.675, 2), 7 // -2, -7 % 3, divmod(-7.5, 2))
say("int", 3**200, (1 << 200) // 12345678901234567890, int("zz", 36), pow(3, 1000, 10**9 + 7), (-5) >> 1)
say("struct", struct.pack("<bHiqfd5s", -1, 65535, -2, 2**60, 1.5, 2.25, b"abc").hex(), struct.unpack(">IH", bytes(range(6))))
numbers = array.array("d", [1.5, 2.5, 3.5])
numbers.extend(range(5))
say("array", numbers, numbers.tobytes().hex(), array.array("i", [3, 1, 2]).buffer_info()[1])
say("itertools", list(itertools.islice(itertools.permutations("abc"), 4)), list(itertools.accumulate(range(10), operator.mul, initial=1)))
say("itertools", [(k, len(list(g))) for k, g in itertools.groupby("aabbbc")], list(itertools.product([0, 1], repeat=2)))
say("collections", collections.Counter("mississippi").most_common(), collections.OrderedDict(a=1), collections.deque(range(5), 3))
say("functools", functools.reduce(operator.add, range(100)), functools.lru_cache(None)(lambda n: n)(3))
random.seed(12345)
say("random", random.random(), random.randint(1, 10**12), random.sample(range(100), 5), random.gauss(0, 1))
say("statistics", statistics.mean([1, 2, 3, 4.5]), statistics.pstdev([1, 2, 3]), statistics.median([3, 1, 2]))
say("heapq", heapq.nsmallest(3, [5, 1, 4, 2, 3]), bisect.bisect([1, 2, 4], 3))
say("pickle", pickle.loads(pickle.dumps(document)) == document, len(pickle.dumps(document, 5)))
say("base64", base64.b64encode(data[:30]), base64.b85encode(b"hello"))
rows = io.StringIO()
csv.writer(rows).writerows([["a", 'b"c', 1], ["x,y", "", 2]])
say("csv", repr(rows.getvalue()))
settings = configparser.ConfigParser()
settings.read_string("[one]\nkey = value\n")
say("configparser", settings["one"]["key"])
tree = xml.etree.ElementTree.fromstring("<a x='1'><b>t</b><b/></a>")
say("xml", [(e.tag, e.attrib, e.text) for e in tree.iter()])
say("difflib", list(difflib.unified_diff("a b c".split(), "a c d".split(), lineterm="")))
say("textwrap", textwrap.fill("the quick brown fox jumps over the lazy dog " * 3, 40))
say("uuid", uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"))
say("string", string.Template("$a and ${b}").substitute(a=1, b=2), f"{3.14159:>10.2f}|{255:#x}|{'x':^5}|{1234567:,}")
say("enum", enum.Enum("Colour", "RED GREEN").GREEN)

with open("file.bin", "wb") as out:
    out.write(data)
with open("file.bin", "r+b") as both, mmap.mmap(both.fileno(), 0) as view:
    view[0:4] = b"MMAP"
    say("mmap", view.find(b"Gr"), len(view))
say("file", pathlib.Path("file.bin").read_bytes()[:6], os.path.getsize("file.bin"), os.stat("file.bin").st_mode)
with zipfile.ZipFile("archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr(zipfile.ZipInfo("inner.txt"), "inner" * 100)
say("zipfile", zipfile.ZipFile("archive.zip").read("inner.txt")[:10])
os.makedirs("d/e/f")
shutil.copy("file.bin", "d/e/copy.bin")
say("os", sorted(os.walk("d")), glob.glob("*.bin"))
shutil.rmtree("d")
with tempfile.TemporaryDirectory(dir=".") as temporary:
    say("tempfile", os.path.isdir(temporary))
os.symlink("file.bin", "link")
say("os", os.readlink("link"), os.path.realpath("link") == os.path.realpath("file.bin"), os.getuid() == os.geteuid())
try:
    open("nowhere/file")
except FileNotFoundError as error:
    say("errors", error.errno, error)
say("sys", sys.byteorder, sys.maxsize, sys.platform, sys.version_info[:2], sys.argv[1:], sys.stdin.read())
sys.stderr.write("to stderr\n")
sys.exit(5)
