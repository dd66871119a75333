from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from hub.disk import atomic_write
from hub.errors import FormatError, HubError
from hub.formats import Buffer, read, scan, write


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt", "a.pth", "a.BIN"])
def test_the_format_is_told_by_content_and_not_by_name(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, {"x": Buffer.from_numpy(np.arange(3))})
    os.replace(tmp_path / name, tmp_path / "weights.xyz")
    found = read(tmp_path / "weights.xyz")
    assert isinstance(found, dict)
    assert found["x"].numpy().tolist() == [0, 1, 2]
    assert scan(tmp_path / "weights.xyz").safe


def test_write_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.npz.*should end in one of \.safetensors, \.pt"):
        write(tmp_path / "a.npz", {})
    with pytest.raises(TypeError, match="a safetensors file holds a dict, got list"):
        write(tmp_path / "a.safetensors", [])


OTHERS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "the file is empty"),
    "html": (b"\n <!DOCTYPE html><html>", "HTML or XML page"),
    "html with a byte order mark": (b"\xef\xbb\xbf<html>", "HTML or XML page"),
    "json": (b'{"error": "not found"}', "JSON text"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
    "gguf": (b"GGUF\3\0\0\0", "GGUF"),
    "hdf5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
    "gzip": (b"\x1f\x8b\x08", "gzip"),
    "npy": (b"\x93NUMPY\1\0", "npy"),
    "tar": (bytes(257) + b"ustar\0" + bytes(249), "tar archive"),
    "noise": (b"\x01\x02\x03", "begins with b'\\\\x01"),
    "one byte": (b"\x80", "begins with"),
    "old pickle": (pickle.dumps({"a": 1}, protocol=0), "begins with"),
    "zip cut short": (b"PK\3\4" + bytes(40), "cut short"),
    "pickle cut short": (b"\x80\2}", "cut short"),
}


@pytest.mark.parametrize(("content", "match"), OTHERS.values(), ids=OTHERS)
def test_other_files_are_named_for_what_they_are(
    tmp_path: Path, content: bytes, match: str
) -> None:
    path = tmp_path / "weights.pt"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=match) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file"):
        read(tmp_path / "missing.pt")
    with pytest.raises(FormatError, match="a folder without a weight file"):
        read(tmp_path)
    with pytest.raises(FormatError, match="cannot be opened"):
        read("a\0b")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="not a regular file"):
        read(tmp_path / "pipe")
    with pytest.raises(FormatError, match="cannot be opened"):
        read(tmp_path / ("x" * 300))


def test_scan_of_what_is_no_pickle(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\xff\xfe")
    report = scan(path)
    assert not report.safe and not report.dangerous
    assert "neither safetensors nor" in str(report.refusal)


def test_errors_are_one_family_and_survive_pickling() -> None:
    error = FormatError("broken", file="a.pt", position=3)
    assert isinstance(error, HubError)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "a.pt: at byte 3: broken"
    assert str(FormatError("broken")) == "broken"


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    write(path, {"epoch": 1})
    before = path.read_bytes()
    with pytest.raises(TypeError, match="object"):
        write(path, {"epoch": object()})
    with pytest.raises(RuntimeError, match="stop"), atomic_write(path) as file:
        file.write(b"half")
        raise RuntimeError("stop")
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.pt"]


def test_a_mapped_file_can_be_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write(path, {"x": Buffer.from_numpy(np.arange(4))})
    found = read(path)
    assert isinstance(found, dict)
    write(path, {"x": found["x"], "y": Buffer.from_numpy(np.ones(1))})
    again = read(path)
    assert isinstance(again, dict)
    assert found["x"].numpy().tolist() == again["x"].numpy().tolist() == [0, 1, 2, 3]


def test_there_is_no_unsafe_option() -> None:
    for name in ("weights_only", "unsafe", "pickle_module", "allow_pickle"):
        with pytest.raises(TypeError, match="unexpected keyword"):
            read("a.pt", **{name: False})  # type: ignore[arg-type]
