"""Malformed files, written byte by byte."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

EncodeValue = Callable[[object], bytes]
MakeTensor = Callable[..., bytes]
MakeZip = Callable[..., Path]


class Raw(bytes):
    """Literal opcodes for a pickle."""


def encode(value: object) -> bytes:
    """Return opcodes that push a value; Raw is inserted literally."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, bool) or value is None:
        return {True: b"\x88", False: b"\x89", None: b"N"}[value]
    if isinstance(value, int):
        raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
        return b"\x8a" + bytes((len(raw),)) + raw
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"X" + struct.pack("<L", len(value.encode())) + value.encode()
    if isinstance(value, bytes):
        return b"B" + struct.pack("<L", len(value)) + value
    if isinstance(value, tuple):
        return b"(" + b"".join(map(encode, value)) + b"t"
    raise TypeError(type(value))


def tensor(
    kind: str = "FloatStorage",
    key: object = "0",
    numel: object = 4,
    offset: object = 0,
    size: object = (4,),
    stride: object = (1,),
    requires_grad: object = False,
    hooks: object = None,
    more: tuple[object, ...] = (),
) -> bytes:
    """Return opcodes that push a tensor in PyTorch's form, with any part replaced."""
    storage = ("storage", Raw(f"ctorch\n{kind}\n".encode()), key, "cpu", numel)
    reference = Raw(encode(storage) + b"Q")
    args = encode((reference, offset, size, stride, requires_grad, hooks, *more))
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + args + b"R"


@pytest.fixture
def make_tensor() -> MakeTensor:
    return tensor


@pytest.fixture
def encode_value() -> EncodeValue:
    return encode


@pytest.fixture
def torch_zip(tmp_path: Path) -> MakeZip:
    """Write a PyTorch zip around the opcodes of a value, with records added or changed."""

    def write(opcodes: bytes, method: int = zipfile.ZIP_STORED, **records: bytes) -> Path:
        path = tmp_path / "made.pt"
        members = {"data/0": struct.pack("<4f", 0, 1, 2, 3), "version": b"3\n", **records}
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("archive/data.pkl", b"\x80\x02" + opcodes + b".")
            for name, data in members.items():
                archive.writestr(f"archive/{name}", data)
        return path

    return write
