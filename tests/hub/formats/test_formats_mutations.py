"""Mutation fuzzing: each file gives a value or a FormatError, in bounded time and memory.

`make fuzz` runs many more mutations than the tests.
"""

from __future__ import annotations

import argparse
import io
import json
import pickle
import random
import resource
import signal
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from hub import sources
from hub.errors import RefError
from hub.formats import Buffer, FormatError, save_safetensors, save_torch
from hub.formats.byte_source import Source
from hub.formats.files import read_source
from hub.formats.scan_archives import scan_source
from hub.formats.sharded import read_index
from tests.hub.formats.traversal import touch

# Mutations of each of six files and of references: over a million under `make fuzz`.
ROUNDS = 800 if settings.default.derandomize else 150_000
SLOW = 10  # CPU seconds for one input
MEMORY = 2 << 30  # bytes of address space beyond the current one
NUMBERS = [0, 1, 2, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]
WORDS = [
    b"..",
    b"/",
    b"\0",
    b"\n",
    b"cos\nsystem\n",
    b"PK\3\4",
    b"\x80\4",
    b"{",
    b"[",
    b'"',
    b"9" * 30,
]


class Slow(Exception):
    """An input took too long."""


@contextmanager
def bounded() -> Iterator[Callable[[], object]]:
    """Bounds on memory, and on the time between two calls of the yielded function."""

    def late(signum: int, frame: object) -> None:
        raise Slow

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, late)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    try:
        yield lambda: signal.setitimer(signal.ITIMER_PROF, SLOW)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def seeds(folder: Path) -> dict[str, bytes]:
    x = Buffer.from_numpy(np.arange(6, dtype=np.float32).reshape(2, 3))
    state = {"w": x, "t": Buffer("float32", (3, 2), (1, 3), x.storage), "n": 3, "s": {"a", "b"}}
    state |= {"args": argparse.Namespace(a=[x], b=deque([1])), "r": range(3), "c": Counter("aab")}
    save_torch(folder / "zip", state)
    save_safetensors(folder / "safetensors", {"w": x, "b": Buffer.from_numpy(np.ones(3, np.int8))})
    made = {name: (folder / name).read_bytes() for name in ("zip", "safetensors")}
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.pt", made["zip"])
        archive.writestr("a.pkl", pickle.dumps([1, "x", {"y": 2.5}], 0))
    return {
        **made,
        "nested": nested.getvalue(),
        "pickle": pickle.dumps({"a": np.arange(3.0), "b": [1, "x"], "c": {1, 2}, "d": (None,)}, 4),
        "old pickle": pickle.dumps({"a": [1, 2.5, "x"], "b": (True, None), "c": 10**30}, 0),
        "index": json.dumps({"metadata": {"a": "b"}, "weight_map": {"x": "a.bin"}}).encode(),
    }


def chance(kind: str) -> random.Random:
    """A deterministic generator, except under `make fuzz`."""
    return random.Random(kind if settings.default.derandomize else None)


def mutate(raw: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Apply one to six mutations."""
    data = bytearray(raw)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        length = rng.choice([1, 2, 4, 8, rng.randint(0, 64)])
        match rng.randrange(7):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                width = rng.choice([1, 2, 4, 8])
                number = rng.choice(NUMBERS) % (1 << 8 * width)
                data[at : at + width] = number.to_bytes(width, rng.choice(["little", "big"]))
            case 2:
                data[at:at] = rng.choice(WORDS)
            case 3:
                del data[at : at + length]
            case 4:
                start = rng.randrange(len(data) + 1)
                data[at:at] = data[start : start + length]
            case 5:
                other = rng.choice(others)
                start = rng.randrange(len(other))
                data[at : at + length] = other[start : start + length]
            case _:
                del data[at + length * 16 :]
    return bytes(data) or b"\0"


def look(raw: bytes) -> None:
    """Read an untrusted file, scan it, and read it as an index."""
    source = Source("made.pkl", np.frombuffer(raw, np.uint8))
    for function in (read_source, scan_source, read_index):
        try:
            touch(function(source))
        except FormatError as error:
            assert str(error).startswith("made.pkl")


@pytest.mark.hypothesis
@pytest.mark.parametrize("kind", ["zip", "safetensors", "nested", "pickle", "old pickle", "index"])
def test_changed_files(tmp_path: Path, kind: str) -> None:
    made = seeds(tmp_path)
    rng = chance(kind)
    with bounded() as start:
        for _ in range(ROUNDS):
            raw = mutate(made[kind], list(made.values()), rng)
            start()
            try:
                look(raw)
            except BaseException as error:
                error.add_note(f"the input: {raw!r}")
                raise


REFERENCES = [
    "hf:org/name@main/a/b.safetensors", "https://example.org:443/a%20b?c=d#sha256=" + "0" * 64,
    "pypi:some-model==1.0/some_model/weights.pth#archive-sha256=" + "f" * 64, "builtin:digits.pt",
    "file:///tmp/x", "github:owner/repo@v1/asset.bin", "torch:https://h/x-0123abcd.pth",
]  # fmt: skip


@pytest.mark.hypothesis
def test_changed_references() -> None:
    rng = chance("references")
    others = [text.encode() for text in REFERENCES]
    with bounded() as start:
        for _ in range(ROUNDS):
            text = mutate(rng.choice(others), others, rng).decode("utf-8", "surrogateescape")
            start()
            try:
                look_up(text)
            except BaseException as error:
                error.add_note(f"the input: {text!r}")
                raise


def look_up(text: str) -> None:
    """Parse a text: it is refused, or has one canonical form."""
    try:
        ref = sources.parse(text)
    except RefError:
        return
    assert sources.parse(str(ref)) == ref
