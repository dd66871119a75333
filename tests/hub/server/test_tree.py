"""Revisions: the ids that git gives the same files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.disk import Stamp
from hub.server.hashes import Hashes
from hub.server.tree import LFS_SIZE, Tree, is_lfs, lfs_pointer, read_tree

CONTENT = {"b.txt": b"b", "a/x.json": b"{}", "a/b/c": b"deep", "a.txt": b"", "a-b": b"-", "Z": b"z"}


def read(folder: Path) -> Tree:
    return read_tree(folder, folder, Hashes(folder / ".hub" / "hashes.json"))


def fill(folder: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_revision_is_the_tree_of_git(tmp_path: Path) -> None:
    folder = fill(tmp_path / "repo", CONTENT)
    tree = read(folder)

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet")
    git("add", "--all", "--force", "--", *CONTENT)
    assert tree.commit == git("write-tree")
    assert tree.folders["a/b"] == git("rev-parse", f"{tree.commit}:a/b")
    assert {path: entry.oid for path, entry in tree.entries.items()} == {
        path: git("rev-parse", f"{tree.commit}:{path}") for path in CONTENT
    }


def test_large_files_are_pointers_in_the_tree(tmp_path: Path) -> None:
    folder = fill(tmp_path / "large", {"w.safetensors": b"weights"})
    entry = read(folder).entries["w.safetensors"]
    assert entry.sha256 == hashlib.sha256(b"weights").hexdigest()
    pointer = lfs_pointer(entry.sha256 or "", 7)
    other = fill(tmp_path / "pointer", {"w.txt": pointer})
    assert read(other).entries["w.txt"].oid == entry.oid
    assert entry.etag == entry.sha256


def test_large_files() -> None:
    assert is_lfs("a.BIN", 1) and is_lfs("a.txt", LFS_SIZE)
    assert not is_lfs("a.bin", 0) and not is_lfs("a.txt", LFS_SIZE - 1)


def test_the_revision_depends_on_content_and_names_alone(tmp_path: Path) -> None:
    first, second = fill(tmp_path / "1", CONTENT), fill(tmp_path / "2", CONTENT)
    (second / "empty folder").mkdir()
    (second / ".hidden").write_text("hidden")
    (second / ".git").mkdir()
    (second / ".git" / "config").write_text("hidden")
    os.utime(second / "Z", (1, 1))
    assert read(first).commit == read(second).commit
    (second / "Z").rename(second / "z")
    assert read(first).commit != read(second).commit


def test_links_count_within_the_boundary_only(tmp_path: Path) -> None:
    folder = fill(tmp_path / "served", {"org/m/a.txt": b"a", ".hidden/secret": b"s"})
    (tmp_path / "outside").write_text("secret")
    repository = folder / "org" / "m"
    for name, target in {
        "inside": "a.txt",
        "outside": "../../../outside",
        "absolute": str(tmp_path / "outside"),
        "hidden": "../../.hidden/secret",
        "folder": "..",
        "loop": "loop",
        "dangling": "nothing",
    }.items():
        (repository / name).symlink_to(target)
    os.mkfifo(repository / "pipe")
    tree = read_tree(repository, folder, Hashes(folder / ".hub" / "hashes.json"))
    assert sorted(tree.entries) == ["a.txt", "inside"]
    assert tree.entries["inside"].file == repository / "a.txt"


def test_odd_names_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, {"a\nb": b"", "a\\b": b"", "ü ö.txt": b""})
    (Path(os.fsdecode(bytes(tmp_path) + b"/\xff\xfe"))).write_bytes(b"")
    assert list(read(tmp_path).entries) == ["ü ö.txt"]


def test_files_are_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(tmp_path / "repo", {"w.bin": b"weights", "b.txt": b"b"})
    for name in ("w.bin", "b.txt"):
        os.utime(folder / name, (1_000_000, 1_000_000))
    path = tmp_path / "hashes.json"
    hashes = Hashes(path)
    before = read_tree(folder, folder, hashes)
    hashes.save()
    opened: list[str] = []
    real_open = Path.open

    def spy(self: Path, *arguments: object, **options: object) -> object:
        opened.extend([self.name] if self.parent == folder else [])
        return real_open(self, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", spy)
    assert read_tree(folder, folder, Hashes(path)).commit == before.commit
    assert opened == []
    (folder / "b.txt").write_bytes(b"B")
    os.utime(folder / "b.txt", (1_000_001, 1_000_001))
    assert read_tree(folder, folder, Hashes(path)).commit != before.commit
    assert set(opened) == {"b.txt"}


def test_hashes_of_recent_files_are_not_cached(tmp_path: Path) -> None:
    file = tmp_path / "w"
    file.write_bytes(b"one")
    hashes = Hashes(tmp_path / "hashes.json")
    stamp = Stamp.of(file)
    first = hashes.sha256(file, stamp)
    file.write_bytes(b"two")
    os.utime(file, ns=(stamp.mtime_ns, stamp.mtime_ns))
    assert Stamp.of(file) == stamp
    assert hashes.sha256(file, stamp) != first


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 1, "hashes": 3}', "\x00"])
def test_damaged_hashes_count_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "hashes.json").write_text(content)
    (tmp_path / "a").write_text("a")
    hashes = Hashes(tmp_path / "hashes.json")
    assert len(hashes.sha256(tmp_path / "a", Stamp.of(tmp_path / "a"))) == 64
