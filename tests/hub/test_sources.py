"""Sources of local files: file and builtin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import hub
from hub import sources
from hub.errors import IntegrityError, NotFoundError, RefError
from hub.sources import builtin


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights folder of a package that must not be imported."""
    folder = tmp_path / "site" / "menagerie" / "weights"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(folder.parent.parent)
    monkeypatch.setattr(builtin, "PACKAGE", "menagerie")
    return folder


def test_file_is_used_in_place(
    tmp_path: Path, sha256: Callable[[bytes], str], leftovers: Callable[[], list[str]]
) -> None:
    file = tmp_path / "w.bin"
    file.write_bytes(b"weights")
    ref = f"file:{file}"
    assert hub.download(ref, offline=True) == hub.path(ref) == file
    assert hub.download(ref, sha256(b"weights")) == file
    file.write_bytes(b"retrained")
    assert hub.download(ref) == file  # local files may change, unless they are pinned
    with pytest.raises(IntegrityError) as error:
        hub.download(ref, sha256(b"weights"))
    assert error.value.got == sha256(b"retrained")
    assert leftovers() == [] and hub.ls() == []


def test_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        hub.download(f"file:{tmp_path}/w.bin")
    with pytest.raises(NotFoundError, match="is a folder"):
        hub.download(f"file:{tmp_path}")


def test_file_is_not_removed(tmp_path: Path) -> None:
    file = tmp_path / "w.bin"
    file.write_bytes(b"weights")
    with pytest.raises(NotFoundError):
        hub.rm(f"file:{file}")
    assert file.exists()


def test_file_info_and_verify(tmp_path: Path, sha256: Callable[[bytes], str]) -> None:
    file = tmp_path / "w.bin.txt"
    file.write_bytes(b"weights")
    info = hub.info(f"file:{file}")
    assert (info.path, info.size, info.sha256) == (file, 7, sha256(b"weights"))
    assert [check.ok for check in hub.verify(f"file:{file}")] == [True]
    assert [check.ok for check in hub.verify(f"file:{file}#sha256={'0' * 64}")] == [False]


def test_builtin(package: Path, sha256: Callable[[bytes], str]) -> None:
    (package / "digits.bin").write_bytes(b"weights")
    path = hub.download("builtin:digits.bin", sha256(b"weights"), offline=True)
    assert path == package / "digits.bin"
    with pytest.raises(IntegrityError, match=r"expected 0+, got"):
        hub.download("builtin:digits.bin", "0" * 64)


def test_builtin_that_is_not_there(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package / "digits.bin").write_bytes(b"weights")
    with pytest.raises(NotFoundError, match=r"there are: digits\.bin"):
        hub.download("builtin:letters.bin")
    monkeypatch.setattr(builtin, "PACKAGE", "no_such_package")
    with pytest.raises(NotFoundError, match="there are: none"):
        hub.download("builtin:digits.bin")


def test_unknown_source() -> None:
    with pytest.raises(RefError, match=", ".join(sources.kinds())):
        hub.download("gopher://example.org/w")
