"""Fuzzing: reading any file gives a value or a FormatError."""

from __future__ import annotations

import argparse
import atexit
import io
import pickle
import struct
import tempfile
import types
import zipfile
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hub.formats import Buffer, FormatError, read, replace_values, scan, write
from hub.formats.opcodes import OPCODES
from tests.hub.formats.traversal import touch

PATIENT = settings(suppress_health_check=[HealthCheck.too_slow])
TEMPORARY = tempfile.TemporaryDirectory(prefix="formats-fuzz-")
atexit.register(TEMPORARY.cleanup)
DIRECTORY = Path(TEMPORARY.name)
TENSOR = Buffer.from_numpy(np.arange(6, dtype=np.float32).reshape(2, 3))


@dataclass
class Config:
    """A data class that a program may allow in its files."""

    a: object = None


class Options(dict[str, object]):
    """The same as a dict."""


HOLDERS = {"Config": Config, "Options": Options}
VALUE = {
    "args": argparse.Namespace(a=[TENSOR], b=deque([1, 2], 3)),
    "config": Config(types.SimpleNamespace(a=1)),
    "counts": Counter("aab"),
    "when": [datetime(2024, 1, 2, tzinfo=UTC), PurePosixPath("a/b"), range(3), np.float32(1)],
}
STATE = OrderedDict(a=TENSOR, b=Buffer("float32", (2,), (3,), TENSOR.storage, 1))
EXTREMES = [0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**62, 2**63 - 1, 2**64 - 1]


def torch_bytes(method: int = zipfile.ZIP_STORED) -> bytes:
    path = DIRECTORY / "made.pt"
    facts = {"epoch": 3, "betas": (0.9, 0.999), "tags": {"x"}, "raw": b"\xff"}
    write(path, {"state": STATE, **facts, **VALUE})
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(stream, "w", method) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return stream.getvalue() if method else path.read_bytes()


def safetensors_bytes() -> bytes:
    path = DIRECTORY / "made.safetensors"
    write(path, {"a": TENSOR, "b": Buffer.from_numpy(np.ones(3, np.int8))})
    return path.read_bytes()


def legacy_bytes() -> bytes:
    storage = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\x04tQ"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0K\4\x85K\1\x85\x89NtR"
    return (
        pickle.dumps(0x1950A86A20F9469CFC6C, 2)
        + pickle.dumps(1001, 2)
        + pickle.dumps({"little_endian": True}, 2)
        + b"\x80\2}X\1\0\0\0a" + tensor + b"s."
        + pickle.dumps(["0"], 2)
        + struct.pack("<q4f", 4, 0, 1, 2, 3)
    )  # fmt: skip


SEEDS = {
    "zip": torch_bytes(),
    "deflated": torch_bytes(zipfile.ZIP_DEFLATED),
    "safetensors": safetensors_bytes(),
    "legacy": legacy_bytes(),
    "pickle": pickle.dumps({"a": np.arange(3.0), "b": [1, "x", np.float32(1)], "c": {1, 2}}, 4),
}


def find_class(module: str, name: str) -> type:
    if name not in HOLDERS:
        raise ValueError(f"{module}.{name} is not allowed")
    return HOLDERS[name]


def read_all(path: Path) -> object:
    """Read a file and use its tensors like the engine."""
    return replace_values(read(path, find_class=find_class), (Buffer,), touch)


def check(raw: bytes) -> None:
    path = DIRECTORY / "fuzzed"
    path.write_bytes(raw)
    for look in (read_all, scan):
        try:
            look(path)
        except FormatError as error:
            assert error.file is not None and error.file.startswith(str(path))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_seeds_can_be_read(seed: str) -> None:
    path = DIRECTORY / "seed"
    path.write_bytes(SEEDS[seed])
    assert read_all(path) is not None


@pytest.mark.parametrize("seed", SEEDS)
@PATIENT
@given(data=st.data())
def test_changed_bytes(seed: str, data: st.DataObject) -> None:
    raw = bytearray(SEEDS[seed])
    positions = st.integers(0, len(raw) - 1)
    for at, value in data.draw(st.lists(st.tuples(positions, st.integers(0, 255)), max_size=8)):
        raw[at] = value
    check(bytes(raw))


@pytest.mark.parametrize("seed", SEEDS)
@PATIENT
@given(data=st.data())
def test_extreme_numbers_and_moved_parts(seed: str, data: st.DataObject) -> None:
    raw = SEEDS[seed]
    position = st.integers(0, len(raw))
    at, start, stop = (data.draw(position) for _ in range(3))
    number = data.draw(st.sampled_from(EXTREMES))
    width = data.draw(st.sampled_from([1, 2, 4, 8]))
    word = (number % (1 << 8 * width)).to_bytes(width, "little")
    for changed in (
        raw[:at] + word + raw[at + width :],
        raw[:at] + word + raw[at:],
        raw[:at] + raw[start:stop] + raw[at:],
        raw[:at] + raw[at + abs(stop - start) :],
    ):
        if changed:
            check(changed)


GLOBALS = [
    b"ccollections\nOrderedDict\n", b"cnumpy\ndtype\n", b"cnumpy\nndarray\n", b"c_codecs\nencode\n",
    b"cnumpy.core.multiarray\n_reconstruct\n", b"cnumpy.core.multiarray\nscalar\n",
    b"cnumpy._core.numeric\n_frombuffer\n", b"cbuiltins\nset\n", b"cbuiltins\nbytearray\n",
    b"cm\nConfig\n", b"cm\nOptions\n", b"cargparse\nNamespace\n", b"ccollections\ndeque\n",
    b"ccollections\nCounter\n", b"ccollections\ndefaultdict\n", b"cbuiltins\nlist\n",
    b"cbuiltins\nrange\n", b"cdatetime\ntimedelta\n", b"cpathlib\nPosixPath\n",
]  # fmt: skip
PIECES = st.one_of(
    st.sampled_from(sorted(OPCODES)).map(lambda code: bytes((code,))),
    st.sampled_from(
        [b"(", b"t", b"R", b"q\0", b"h\0", b"]", b"}", b"u", b"e", b"b", b")", b")\x81"]
    ),
    st.sampled_from(GLOBALS),
    st.integers(0, 255).map(lambda value: bytes((ord("K"), value))),
    st.sampled_from([b"U\2f4", b"U\6latin1", b"C\4abcd", b"X\1\0\0\0<", b"(K\3U\1<NNNJ"]),
    st.binary(max_size=4),
)


@PATIENT
@given(st.lists(PIECES, max_size=40))
def test_programs_of_opcodes(pieces: list[bytes]) -> None:
    check(b"\x80\2" + b"".join(pieces) + b".")


@PATIENT
@given(st.binary(min_size=1, max_size=200))
def test_noise(raw: bytes) -> None:
    check(raw)
    check(len(raw).to_bytes(8, "little") + b"{" + raw)
