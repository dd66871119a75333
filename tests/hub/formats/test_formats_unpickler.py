"""Malicious pickles, which run code or exhaust memory, and valid ones."""

from __future__ import annotations

import argparse
import os
import pickle
import struct
import subprocess
import tracemalloc
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pytest

from hub.formats import FormatError, read, scan
from hub.formats.plain_data import MAX_DEPTH

Read = Callable[[bytes], object]


@pytest.fixture
def unpickle(tmp_path: Path) -> Read:
    """Read a pickle of these opcodes, between PROTO and STOP."""

    def run(opcodes: bytes) -> object:
        path = tmp_path / "made.pkl"
        path.write_bytes(b"\x80\x04" + opcodes + b".")
        return read(path)

    return run


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function: Any, *args: object) -> None:
        self.call = (function, args)

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        return self.call


PLAIN: dict[str, Any] = {
    "array": np.arange(6.0).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
    "big-endian": np.arange(3, dtype=">i4"),
    "bools": np.array([True, False]),
    "scalar": np.float32(2.5),
    "0-d": np.array(1 + 2j),
    "empty": np.zeros((0, 2)),
    "dtype": np.dtype("f2"),
    "integers": [0, -1, 255, 256, 65536, -(2**31), 2**31, 2**63, -(2**100)],
    "text": ["", "héllo", "\U0001f600" * 300, b"", b"\xff" * 300, bytearray(b"ab")],
    "others": (None, True, 1.5, 1 + 2j, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    "sets": [{1, 2}, frozenset({"a"}), set()],
    "keys": OrderedDict({(1, "a"): 1, None: 2, 3: 4, b"x": 5, np.int64(7): 6, date(2024, 1, 2): 7}),
    "texts": np.array(["cat", "horse"]),
    "counter": Counter("abca"),
    "defaultdict": defaultdict(list, {"loss": [1.5]}),
    "factories": [defaultdict(int, a=1), defaultdict(str, a="x"), defaultdict(None, a=2)],
    "deque": deque([1, 2], maxlen=3),
    "ranges": [range(2, 9, 3), slice(1, None, 2)],
    "paths": [Path("a/b"), PurePosixPath("/c"), PureWindowsPath("C:/d")],
    "dates": [date(2024, 1, 2), datetime(2024, 1, 2, 3, 4, 5, 6, UTC), timedelta(1, 2, 3), time(4)],
    "namespaces": [argparse.Namespace(lr=0.1), types.SimpleNamespace(a=[1])],
}


@pytest.mark.parametrize("protocol", range(2, 6))
def test_plain_data_comes_back_as_it_was(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "plain.pkl"
    shared = np.ones(2)
    path.write_bytes(pickle.dumps({**PLAIN, "shared": [shared, shared]}, protocol=protocol))
    found: Any = read(path)
    for name, value in PLAIN.items():
        assert type(found[name]) is type(value)
        if isinstance(value, np.ndarray):
            assert found[name].dtype == value.dtype
            assert found[name].flags.f_contiguous == value.flags.f_contiguous
            assert found[name].flags.writeable
        assert np.array_equal(found[name], value) if isinstance(value, np.ndarray) else True
        assert isinstance(value, np.ndarray) or found[name] == value
    assert found["shared"][0] is found["shared"][1]
    assert found["deque"].maxlen == 3 and found["defaultdict"]["new"] == []
    assert scan(path).safe


def test_strings_of_python_2_are_text_where_they_are_ascii(unpickle: Read) -> None:
    assert unpickle(b"(U\x02abU\x01\xffT\x01\0\0\0xt") == ("ab", b"\xff", "x")
    assert unpickle(b"(I-12\nI01\nt") == (-12, True)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    "evil",
    [
        Calls(os.system, "touch ran"),
        Calls(eval, "open('ran', 'w')"),
        Calls(__import__, "os"),
        Calls(getattr, "", "__class__"),
        Calls(subprocess.Popen, ["touch", "ran"]),
        Calls(bytes, 10**12),
        Calls(np.fromfile, "/etc/passwd"),
        os.system,
        np.array([1, "a"], dtype=object),
        np.zeros(1, "i4,f4"),
        np.array(["2020"], "M8[D]"),
        np.longdouble(1),
    ],
    ids=repr,
)
def test_only_plain_data_is_unpickled(tmp_path: Path, evil: object, protocol: int) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps([evil], protocol=protocol))
    with pytest.raises(FormatError, match=r"not allowed|bytes is given|arguments|numpy dtype"):
        read(path)
    assert not Path("ran").exists()


REFUSED = {
    "global": (b"cos\nsystem\n", "global 'os.system' is not allowed"),
    "global by stack": (b"\x8c\x02os\x8c\x06system\x93", "global 'os.system'"),
    "dotted name": (b"\x8c\x05numpy\x8c\x0dndarray.dumps\x93", "ndarray.dumps"),
    "module of a dotted table name": (b"\x8c\x00\x8c\x0dnumpy.ndarray\x93", "not allowed"),
    "global named by a number": (b"K\x01K\x02\x93", "other than text"),
    "INST": (b"(ios\nsystem\n", "INST"),
    "OBJ": (b"(cnumpy\ndtype\nU\x02f4o", "OBJ"),
    "NEWOBJ_EX": (b"ccollections\nOrderedDict\n)}\x92", "NEWOBJ_EX"),
    "extension": (b"\x82\x01", "EXT1"),
    "out-of-band buffer": (b"\x97", "NEXT_BUFFER"),
    "persistent id": (b"K\x01Q", "outside of it"),
    "persistent id as text": (b"P1\n", "PERSID"),
    "unknown opcode": (b"\xff", "0xff is not an opcode"),
    "call of a number": (b"K\x01)R", "int 1 is called"),
    "call of an array type": (b"cnumpy\nndarray\n)R", "numpy.ndarray is called"),
    "call with a list": (b"ccollections\nOrderedDict\n]R", "called with a list"),
    "call with too much": (b"cnumpy\ndtype\n(K\x01K\x01K\x01K\x01tR", "4 arguments"),
    "class as value": (b"cnumpy\nndarray\n", "numpy.ndarray is left over"),
    "function as value": (b"](c_codecs\nencode\ne", "_codecs.encode is left over"),
    "state of a list": (b"]}b", "a list is given state"),
    "state shadows a method": (
        b"ccollections\nOrderedDict\n)R}X\x05\0\0\0itemsK\x01sb",
        "OrderedDict is given",
    ),
    "metadata not a dict": (
        b"ccollections\nOrderedDict\n)R}X\x09\0\0\0_metadataK\x01sb",
        "_metadata of an OrderedDict is int 1",
    ),
    "empty stack": (b"0", "empty stack"),
    "below the mark": (b"K\x01(0", "empty stack"),
    "no mark": (b"t", "no mark"),
    "left on the stack": (b"K\x01K\x02", "left on the stack"),
    "mark left": (b"(K\x01", "left on the stack"),
    "memo not set": (b"h\x05", "memo entry 5"),
    "append to a tuple": (b")K\x01a", "appended to a tuple"),
    "set in a list": (b"]K\x01K\x01s", "set in a list"),
    "add to a frozenset": (b"(\x91(K\x01\x90", "added to a frozenset"),
    "key without value": (b"}(K\x01u", "without its value"),
    "list as key": (b"}]K\x01s", "a list is used as a key"),
    "list in a tuple as key": (b"}]\x85K\x01s", "a list is used as a key"),
    "list in a set": (b"\x8f(]\x90", "a list is used as a key"),
    "list contains itself": (b"]q\0h\0a", "contains itself"),
    "dict contains itself": (b"}q\0K\x01h\0s", "contains itself"),
    "dict and list contain each other": (b"}q\0K\x01]h\0as", "contains itself"),
    "protocol": (b"\x80\x06", "protocol 6"),
    "integer of 4 GB": (b"\x8b\xff\xff\xff\x7f", "2147483647 bytes"),
    "integer of negative length": (b"\x8b\xff\xff\xff\xff", "-1 bytes"),
    "integer of a million digits": (b"I" + b"9" * 10**6 + b"\n", "no line ends"),
    "integer in text": (b"I1_0\n", "not an integer"),
    "text of 4 GB": (b"X\xff\xff\xff\xff", "4294967295 bytes"),
    "text of 16 EB": (b"\x8d" + b"\xff" * 8, "asked for [0-9]+ bytes"),
    "string of negative length": (b"T\xff\xff\xff\xff", "-1 bytes"),
    "bytes beyond the end": (b"\x8e" + struct.pack("<Q", 2**40), "asked for [0-9]+ bytes"),
    "bytearray beyond the end": (b"\x96" + struct.pack("<Q", 2**62), "asked for [0-9]+ bytes"),
    "frame beyond the end": (b"\x95" + struct.pack("<Q", 2**40), "frame"),
    "text not UTF-8": (b"X\x01\0\0\0\xff", "utf-8"),
    "global without a second line": (b"cos", "no line ends"),
    "bytes of a size": (b"cbuiltins\nbytes\nK\x09\x85R", "bytes is given 1"),
    "bytearray of a size": (b"cbuiltins\nbytearray\nK\x09\x85R", "argument, it takes"),
    "odd encoding": (b"c_codecs\nencode\nX\1\0\0\0aX\5\0\0\0utf_7\x86R", "latin1"),
    "complex of text": (b"cbuiltins\ncomplex\nX\1\0\0\0aX\1\0\0\0b\x86R", "two floats"),
    "set of a number": (b"cbuiltins\nset\nK\x01\x85R", "set is made of int 1"),
    "dict of numbers": (b"ccollections\nOrderedDict\n]K\x01a\x85R", "other than pairs"),
    "dtype of objects": (b"cnumpy\ndtype\nX\1\0\0\0O\x85R", "'O' is not allowed"),
    "dtype by list": (b"cnumpy\ndtype\n]\x85R", "a list is not allowed"),
    "dtype without state": (b"cnumpy\ndtype\nX\2\0\0\0f4\x85R", "never given its state"),
    "dtype used before": (b"cnumpy\ndtype\nX\2\0\0\0f4\x85Rq\0h\0", "before it is given"),
    "dtype doubled before": (b"cnumpy\ndtype\nX\2\0\0\0f4\x85R2", "before it is given"),
    "dtype with fields": (
        b"cnumpy\ndtype\nX\2\0\0\0f4\x85R(K\3X\1\0\0\0<N}}K\0K\0K\0tb",
        "plain number type",
    ),
    "array of another class": (
        b"cnumpy.core.multiarray\n_reconstruct\n(K\1K\0)tR",
        "numpy.ndarray and nothing else",
    ),
}


@pytest.mark.parametrize(("opcodes", "match"), REFUSED.values(), ids=REFUSED)
def test_malformed_pickles_are_refused(unpickle: Read, opcodes: bytes, match: str) -> None:
    with pytest.raises(FormatError, match=match) as caught:
        unpickle(opcodes)
    assert caught.value.file is not None and caught.value.position is not None


@pytest.mark.parametrize(
    ("shape", "content", "match"),
    [
        ((3,), b"12345678", "8 bytes for an array of shape"),
        ((2**62, 2**62), b"12345678", "8 bytes for an array"),
        ((-1,), b"", "0 bytes for an array"),
        ((-1, -2), b"12345678", "8 bytes"),
        ((0, 2**62), b"", "an empty array of shape"),
        ((1,) * 65, b"1234", "the shape of an array"),
        ((1.0,), b"1234", "not an integer"),
        ((1,), 4, "content of an array is int 4"),
        ((1,), "\xe9\xe9\xe9\xe9", "content of an array is str"),
    ],
)
def test_arrays_that_do_not_fit_their_bytes(
    unpickle: Read,
    encode_value: Callable[[object], bytes],
    shape: object,
    content: object,
    match: str,
) -> None:
    dtype = b"cnumpy\ndtype\nX\2\0\0\0f4\x85R" + encode_value((3, "<", None, None, None))[:-1]
    dtype += encode_value(-1) * 2 + b"K\0tb"
    state = b"(K\1" + encode_value(shape) + dtype + b"\x89" + encode_value(content) + b"t"
    start = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85C\1btR"
    with pytest.raises(FormatError, match=match):
        unpickle(start + state + b"b")


def test_shared_tuples_are_not_unfolded(unpickle: Read) -> None:
    doublings = [bytes((ord("h"), i, ord("h"), i, 0x86, ord("q"), i + 1)) for i in range(60)]
    bomb = b")q\0" + b"0".join([b"", *doublings])
    assert unpickle(bomb + b"0N") is None  # created, but discarded
    with pytest.raises(FormatError, match="unfold"):
        unpickle(bomb)
    with pytest.raises(FormatError, match="used as a key"):
        unpickle(b"}(" + bomb + b"Nu")


@pytest.mark.parametrize("opener", [(b"]", b"a"), (b"}K\1", b"s"), (b"", b"\x85")])
def test_nesting_is_limited(unpickle: Read, opener: tuple[bytes, bytes]) -> None:
    start, stop = opener
    assert unpickle(start * (MAX_DEPTH - 1) + b")" + stop * (MAX_DEPTH - 1)) is not None
    for depth in (MAX_DEPTH, 100_000):
        with pytest.raises(FormatError, match="nested"):
            unpickle(start * depth + b")" + stop * depth)


def test_copies_cannot_use_up_memory(unpickle: Read) -> None:
    text = b"X" + struct.pack("<L", 1 << 20) + b"a" * (1 << 20) + b"q\0X\6\0\0\0latin1q\1"
    copy = b"c_codecs\nencode\nh\0h\1\x86R"
    tracemalloc.start()
    with pytest.raises(FormatError, match="far more objects"):
        unpickle(b"(" + text + copy * 2000 + b"t")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 320 << 20


def test_keys_with_equal_hashes_are_limited(unpickle: Read) -> None:
    step = 2**61 - 1  # integers this far apart have the same hash
    items = b"".join(
        b"\x8a\x0a" + (index * step).to_bytes(10, "little") + b"N" for index in range(1, 50_000)
    )
    with pytest.raises(FormatError, match="keys"):
        unpickle(b"}(" + items + b"u")
    large = b"".join(b"J" + struct.pack("<L", index) + b"N" for index in range(20_000))
    assert len(unpickle(b"}(" + large + b"u")) == 20_000  # type: ignore[arg-type]


def test_a_pickle_cut_at_any_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.pkl"
    parts = ("array", "scalar", "integers", "others", "keys")
    whole = pickle.dumps({name: PLAIN[name] for name in parts}, protocol=4)
    for length in range(1, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            read(path)
    path.write_bytes(whole + b".")
    with pytest.raises(FormatError, match="data after the pickle: 1 byte"):
        read(path)


@pytest.mark.parametrize("protocol", range(6))
def test_scan_names_globals_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps([Calls(os.system, "touch ran"), np.ones(1)], protocol=protocol))
    report = scan(path)
    named = {(use.module, use.name): use.allowed for use in report.globals}
    assert named[(os.system.__module__, "system")] is False
    assert named[("numpy", "dtype")] is True
    assert not report.problems and not report.safe and not Path("ran").exists()


def test_scan_sees_through_memo_and_marks_and_before_damage(tmp_path: Path) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(b"\x80\4\x8c\2os\x94\x8c\6system\x940(\x8c\1x1(0h\0h\1\x93\xff")
    report = scan(path)
    (use,) = report.globals
    assert (use.module, use.name, use.position, use.allowed) == ("os", "system", 28, False)
    assert report.dangerous and "0xff" in str(report.problems[0])
    path.write_bytes(b"\x80\4\x82\7K\1K\2\x93(ios\nsystem\n.")
    named = [f"{use.module}.{use.name}" for use in scan(path).globals]
    assert named == ["copyreg.extension 7", "?.?", "os.system"]
