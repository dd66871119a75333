from __future__ import annotations

import errno
import os
import pickle
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from hub.disk import atomic_write
from hub.errors import FormatError, HubError
from hub.formats import Buffer, SafetensorsFile, read, scan, write
from hub.formats.byte_source import Source
from hub.formats.files import read_source
from hub.formats.scan_archives import scan_source

ONE = Buffer.from_numpy(np.ones(2))


@pytest.mark.parametrize("name", ["a.safetensors", "a.pt", "a.pth", "a.BIN"])
def test_the_format_is_detected_by_content(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, {"x": Buffer.from_numpy(np.arange(3))})
    os.replace(tmp_path / name, tmp_path / "weights.xyz")
    found = read(tmp_path / "weights.xyz")
    assert isinstance(found, dict)
    assert found["x"].numpy().tolist() == [0, 1, 2]
    assert scan(tmp_path / "weights.xyz").safe


def test_the_name_chooses_safetensors_and_nothing_else(tmp_path: Path) -> None:
    for name in ("best.pth.tar", "last.ckpt", "weights", "a.npz", "model.safetensors.bak", ".pt"):
        write(tmp_path / name, {"x": ONE, "epoch": 3})
        assert zipfile.is_zipfile(tmp_path / name)
    write(tmp_path / "a.SafeTensors", {"x": ONE})
    assert SafetensorsFile(tmp_path / "a.SafeTensors").metadata == {"format": "pt"}
    with pytest.raises(TypeError, match="a safetensors file holds a dict, got list"):
        write(tmp_path / "a.safetensors", [])
    with pytest.raises(TypeError, match=r"'epoch': str to int; a \.pt file holds other values"):
        write(tmp_path / "a.safetensors", {"x": ONE, "epoch": 3})
    with pytest.raises(ValueError, match=r"metadata: only \.safetensors"):
        write(tmp_path / "a.pt", {}, metadata={"a": "b"})


def with_header_of(length: int) -> bytes:
    """A safetensors file of one tensor with a header padded to that many bytes."""
    header = b'{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'
    return length.to_bytes(8, "little") + header.ljust(length) + b"\7"


@given(st.integers(53, 5000) | st.integers(53, 200_000))
@example(0x7B)  # '{' of JSON
@example(0x17B)
@example(0x280)  # the start of a pickle of protocol 2
@example(0x580)
@example(0x8B1F)  # gzip
@example(0x685A42)  # bzip2
def test_safetensors_of_every_header_length(length: int) -> None:
    source = Source("a.pt", np.frombuffer(with_header_of(length), np.uint8))
    found = read_source(source)
    assert isinstance(found, dict) and found["x"].numpy().tolist() == [7]
    assert scan_source(source).safe
    for cut in (8 + length, 9 + length // 2):
        with pytest.raises(FormatError):
            read_source(source.part(0, cut))


@given(st.text() | st.integers() | st.dictionaries(st.text(), st.text()), st.integers(2, 5))
@example("\0{", 2)
@example("\0\0\0\0{", 4)
def test_pickles_are_not_taken_for_safetensors(value: object, protocol: int) -> None:
    content = np.frombuffer(pickle.dumps(value, protocol), np.uint8)
    assert read_source(Source("a.pkl", content)) == value


def test_a_pickle_that_begins_as_safetensors_does_is_scanned(tmp_path: Path) -> None:
    text = b"\x80\2X\2\0\0\0\0{0cos\nsystem\n(Vls\ntR."
    path = tmp_path / "polyglot"
    path.write_bytes(text + bytes(int.from_bytes(text[:8], "little")))
    assert [use.name for use in scan(path).globals] == ["system"]


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


def test_non_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.pt: no such file") as caught:
        read(tmp_path / "missing.pt")
    assert isinstance(caught.value, FormatError)
    assert caught.value.filename == str(tmp_path / "missing.pt")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.errno) == (str(caught.value), errno.ENOENT)
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


def test_errors_of_the_file_system_name_the_file_that_was_asked_for(tmp_path: Path) -> None:
    for name in ("a.pt", "a.safetensors"):
        for folder in ("missing", "file"):
            (tmp_path / "file").touch()
            with pytest.raises(OSError) as caught:
                write(tmp_path / folder / name, {"x": ONE})
            assert caught.value.filename == str(tmp_path / folder / name)
    with pytest.raises(IsADirectoryError):
        write(tmp_path, {"x": ONE})
    write(tmp_path / ("n" * 255), {"x": ONE})
    with pytest.raises(OSError, match=r"File name too long: '.*n'$"):
        write(tmp_path / ("n" * 256), {"x": ONE})


def test_links_permissions_and_devices(tmp_path: Path) -> None:
    target, link = tmp_path / "epoch-1.pt", tmp_path / "last.pt"
    link.symlink_to(target.name)
    for name in ("a", "b"):
        write(link, {name: ONE})
        assert link.is_symlink() and read(target).keys() == {name}  # type: ignore[attr-defined]
        target.chmod(0o600)
    assert target.stat().st_mode & 0o777 == 0o600
    os.mkfifo(tmp_path / "pipe")
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write(tmp_path / "pipe", {"b": ONE})
    reader.join()
    assert received == [target.read_bytes()]


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
