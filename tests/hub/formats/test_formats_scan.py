"""Scanning: code is found in any file and at any depth."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hub.cli import main
from hub.formats import Buffer, ScanReport, save_safetensors, save_torch, scan

EVIL = b"\x80\2cos\nsystem\nX\2\0\0\0ls\x85R."
OLD_EVIL = b"cos\nsystem\n(S'ls'\ntR."
WEIGHTS = {"x": Buffer.from_numpy(np.arange(6.0))}
Scan = Callable[..., ScanReport]


@pytest.fixture
def look(tmp_path: Path) -> Scan:
    def run(raw: bytes, name: str = "file.bin") -> ScanReport:
        path = tmp_path / name
        path.write_bytes(raw)
        return scan(path)

    return run


def evil(report: ScanReport) -> bool:
    named = {(use.module, use.name) for use in report.globals if not use.allowed}
    assert report.dangerous is bool(named or report.problems)
    return ("os", "system") in named


def zipped(method: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return stream.getvalue()


def tarred(raw: bytes, mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        info = tarfile.TarInfo("pickle")
        info.size = len(raw)
        archive.addfile(info, io.BytesIO(raw))
    return stream.getvalue()


def objects() -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + EVIL


HIDDEN = {
    "bare": EVIL,
    "oldest protocol": OLD_EVIL,
    "second pickle": pickle.dumps(1, 2) + EVIL,
    "second of the oldest kind": b"I1\n." + OLD_EVIL,
    "behind a magic number as text": b"L119547037146038801333356L\n." + b"I1001\n.(d." + OLD_EVIL,
    "number as Python reads it": b"I +0x1_0\n0" + OLD_EVIL,
    "long line": b"V" + b"a" * 100_000 + b"\n0" + OLD_EVIL,
    "long integer": b"\x80\2\x8b" + struct.pack("<i", 5000) + bytes(5000) + b"0" + EVIL[2:],
    "before damage": EVIL[:-1] + b"\xff",
    "zip": zipped(a_pkl=EVIL),
    "zip by content": zipped(readme_txt=EVIL),
    "deflated": zipped(zipfile.ZIP_DEFLATED, a_pkl=EVIL),
    "zip in zip": zipped(a_bin=zipped(zipfile.ZIP_DEFLATED, b_bin=zipped(c_pt=OLD_EVIL))),
    "beside weights": zipped(archive__data_pkl=pickle.dumps({}, 2), archive__x_pkl=EVIL),
    "tar": tarred(EVIL),
    "tar of the oldest protocol": tarred(OLD_EVIL),
    "tar.gz": tarred(EVIL, "w:gz"),
    "gzip": gzip.compress(EVIL),
    "bz2": bz2.compress(EVIL),
    "xz": lzma.compress(EVIL),
    "objects of numpy": objects(),
    "npz": zipped(arr_npy=objects()),
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_hidden_globals_are_found(look: Scan, kind: str) -> None:
    assert evil(look(HIDDEN[kind]))


@pytest.mark.parametrize("name", ["a.pkl", "a.joblib", "a.PT"])
def test_packed_by_zlib_where_a_pickle_is_expected(look: Scan, name: str) -> None:
    assert evil(look(zlib.compress(EVIL), name))
    assert not look(zlib.compress(EVIL), "a.png").dangerous


@pytest.mark.parametrize(
    "raw",
    [
        b"\x80\2}",
        zipped(a_pkl=EVIL)[:-30],
        zipped(a_pkl=b"\x80\2}"),
        gzip.compress(EVIL)[:-9],
        gzip.compress(bytes(200 << 20)),
        b"7z\xbc\xaf\x27\x1c",
        b"\x28\xb5\x2f\xfd....",
        tarred(EVIL)[:520],
        objects()[:-1],
    ],
    ids=["pickle", "zip", "member", "gzip", "bomb", "7z", "zstd", "tar", "npy"],
)
def test_unknown_globals_are_dangerous(look: Scan, raw: bytes) -> None:
    report = look(raw)
    assert report.dangerous and report.problems


def test_archives_within_archives_have_an_end(look: Scan) -> None:
    raw = EVIL
    for _ in range(20):
        raw = zipped(a_zip=raw)
    assert "nested more than" in str(look(raw).problems)


def test_weights_are_safe(tmp_path: Path) -> None:
    save_torch(tmp_path / "a.pt", WEIGHTS)
    save_safetensors(tmp_path / "a.safetensors", WEIGHTS)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": np.ones(3)}))
    for path in tmp_path.iterdir():
        assert scan(path).safe


def test_tensors_that_look_like_pickles_are_not(tmp_path: Path) -> None:
    raw = np.frombuffer(EVIL.ljust(64, b"\0"), np.uint8)
    save_torch(tmp_path / "a.pt", {"x": Buffer.from_numpy(raw)})
    save_safetensors(tmp_path / "b.safetensors", {"x": Buffer.from_numpy(raw)})
    assert scan(tmp_path / "a.pt").safe and scan(tmp_path / "b.safetensors").safe


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"GGUF\3\0\0\0", "GGUF"),
        (b"<html>", "HTML"),
        (b"\1\2\3\4", "neither safetensors nor"),
        (b"\x08\0\0\0\0\0\0\0{}      x", "the tensors end at 0"),
        (zipped(readme_txt=b"hello"), "not a PyTorch zip"),
        (b'{"a": 1}', "weight_map"),
    ],
)
def test_refused_but_not_dangerous(look: Scan, raw: bytes, reason: str) -> None:
    report = look(raw)
    assert not report.dangerous and not report.safe and reason in str(report.refusal)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    save_safetensors(folder / "model.safetensors", WEIGHTS)
    (folder / "config.json").write_text("{}")
    (folder / "empty.bin").write_bytes(b"")
    assert main(["scan", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"refused  {folder}/empty.bin\n")
    assert f"ok       {folder}/model.safetensors\n2 files, 0 dangerous\n" in printed
    (folder / "sub" / "w.pt").write_bytes(zipped(a_pkl=EVIL))
    assert main(["scan", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert "names os.system at byte " in printed and f" of {folder}/sub/w.pt!a.pkl\n" in printed
    assert main(["scan", "--json", f"file:{folder}/sub/w.pt"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["state"] == "danger" and found["globals"][0]["name"] == "system"
    assert main(["scan", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_names_are_printed_without_control_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\4\x8c\x05\x1b[2Jx\x8c\1y\x93.")
    assert main(["scan", str(tmp_path / "a.pkl")]) == 1
    assert "\x1b" not in capsys.readouterr().out
