"""Saving to file objects and loading from them; files by name are tested with hub.formats."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import pytest

import engine
from hub.errors import FormatError

W = engine.arange(6.0).reshape(2, 3)


class Stream(io.RawIOBase):
    """A file that goes forward only, as a pipe does."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.content += data
        return len(data)


def test_there_and_back() -> None:
    file = io.BytesIO()
    engine.save({"w": W, "row": W[1], "step": 3}, file)
    file.seek(0)
    found = engine.load(file)
    assert engine.equal(found["w"], W) and found["step"] == 3
    found["w"][1, 0] = 9.0
    assert found["row"][0].item() == 9.0, "tensors that share memory go on doing so"
    assert engine.load(io.BytesIO(file.getvalue()))["w"][1, 0].item() == 3.0


def test_files_that_are_open(tmp_path: Path) -> None:
    with open(tmp_path / "w.bin", "w+b") as file:
        engine.save([W], file)
        file.seek(0)
        assert engine.equal(engine.load(file)[0], W)
    assert engine.equal(engine.load(tmp_path / "w.bin")[0], W), "it is what save(path) writes"
    with tempfile.TemporaryFile() as file:
        engine.save([W], file)
        file.seek(0)
        assert engine.equal(engine.load(file)[0], W)


def test_files_that_begin_with_something_else() -> None:
    file = io.BytesIO(b"header")
    file.seek(6)
    engine.save([W], file)
    file.seek(6)
    assert engine.equal(engine.load(file)[0], W)
    stream = Stream()
    engine.save([W], stream)
    assert engine.equal(engine.load(io.BytesIO(bytes(stream.content)))[0], W)


def test_safetensors_and_pickles_in_file_objects(tmp_path: Path) -> None:
    engine.save({"w": W}, tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    assert engine.equal(engine.load(io.BytesIO(content))["w"], W)
    with pytest.raises(FormatError, match=r"<BytesIO>.*os.system"):
        engine.load(io.BytesIO(b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R."))
    with pytest.raises(FormatError, match="<BytesIO>"):
        engine.load(io.BytesIO(content[:-1]))
    with pytest.raises(FormatError, match="nothing to read"):
        engine.load(io.BytesIO())


def test_what_is_no_file(tmp_path: Path) -> None:
    for call in (lambda: engine.load(3), lambda: engine.save([W], 3)):
        with pytest.raises(TypeError, match="argument 'f': expected str, PathLike or a binary"):
            call()
    with open(tmp_path / "text", "w") as file, pytest.raises(TypeError, match="binary mode"):
        engine.save([W], file)
    with pytest.raises(TypeError, match="expected a file opened in binary mode"):
        engine.load(io.StringIO("x"))
