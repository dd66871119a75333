"""The content of a repository: its files and their git ids.

The revision of a folder is the id of its git tree: equal content has an equal revision on any
server at any time. Mirrored content keeps the commit of its origin until it is changed. As in git
with LFS, the tree contains the pointer of a large file, which names the SHA-256 of the content.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.disk import Stamp
from hub.server.hashes import Hashes, git_blob

# Weights and archives are LFS files at any size, as on the public hub; others from this size on.
LFS_SIZE = 10 << 20  # bytes
_LFS_SUFFIXES = (
    (".ckpt", ".ftz", ".gguf", ".h5", ".joblib", ".mlmodel", ".model", ".msgpack", ".onnx", ".ot")
    + (".pb", ".pickle", ".pkl", ".pt", ".pth", ".safetensors", ".tflite", ".wasm", ".bin")
    + (".arrow", ".npy", ".npz", ".parquet")
    + (".7z", ".bz2", ".gz", ".lz4", ".rar", ".tar", ".tgz", ".xz", ".zip", ".zst")
)
_MAX_DEPTH = 64


@dataclass(frozen=True)
class Entry:
    """A file of a repository, stored at `file`. `sha256` is None unless it is an LFS file."""

    path: str
    file: Path
    stamp: Stamp
    oid: str
    sha256: str | None

    @property
    def size(self) -> int:
        """The bytes of the content."""
        return self.stamp.size

    @property
    def etag(self) -> str:
        """The id of the content: the SHA-256 of an LFS file, else its git blob id."""
        return self.sha256 or self.oid


@dataclass(frozen=True)
class Tree:
    """The files of a repository and the git ids of its folders, by path; the root is "".

    Both are in git's order. `known_as` is the commit of the content at its origin, if it was
    mirrored.
    """

    entries: dict[str, Entry]
    folders: dict[str, str]
    known_as: str | None = None

    @property
    def id(self) -> str:
        """The git id of the tree: 40 hexadecimal digits that depend only on the content."""
        return self.folders[""]

    @property
    def commit(self) -> str:
        """The revision: 40 hexadecimal digits."""
        return self.known_as or self.id


def is_lfs(name: str, size: int) -> bool:
    """True if a file counts as large: by its size or its suffix.

    An empty one does not, as there is nothing to store.

    >>> is_lfs("model.safetensors", 100), is_lfs("config.json", 100)
    (True, False)
    """
    return size >= LFS_SIZE or (size > 0 and name.lower().endswith(_LFS_SUFFIXES))


def lfs_pointer(sha256: str, size: int) -> bytes:
    """The text that git stores instead of an LFS file."""
    version = "https://git-lfs.github.com/spec/v1"
    return f"version {version}\noid sha256:{sha256}\nsize {size}\n".encode()


def is_visible(name: str) -> bool:
    """True if a file or folder of this name is served: neither hidden nor an unsafe name.

    The only hidden file served is part of every repository of the public hub.

    >>> is_visible("config.json"), is_visible(".gitattributes"), is_visible(".git")
    (True, True, False)
    """
    if name.startswith("."):
        return name == ".gitattributes"
    return "\\" not in name and name.isprintable()


def read_tree(folder: Path, boundary: Path, hashes: Hashes) -> Tree:
    """Read a folder, hashing new files. Links count if their target is within `boundary`.

    Hidden files and folders are omitted, and so are links to folders, devices and the like.
    """
    entries = {}
    for path, file in _walk(folder, "", boundary.resolve(), _MAX_DEPTH):
        try:
            entries[path] = make_entry(path, file, hashes)
        except FileNotFoundError:  # removed meanwhile
            continue
    return make_tree(entries)


def make_entry(path: str, file: Path, hashes: Hashes) -> Entry:
    """The entry of a file, which is hashed if needed."""
    stamp = Stamp.of(file)
    if not is_lfs(path, stamp.size):
        return Entry(path, file, stamp, hashes.git(file, stamp), None)
    sha256 = hashes.sha256(file, stamp)
    pointer = lfs_pointer(sha256, stamp.size)
    return Entry(path, file, stamp, git_blob(io.BytesIO(pointer), len(pointer)), sha256)


def make_tree(entries: Mapping[str, Entry]) -> Tree:
    """The tree of these files, by path. Raises ValueError if a file is also a parent folder."""
    root: _Folder = {}
    for path, entry in entries.items():
        *parents, name = path.split("/")
        folder = root
        for parent in parents:
            below = folder.setdefault(parent, {})
            if isinstance(below, Entry):
                raise ValueError(f"{below.path!r} is a file, and {path!r} needs it to be a folder")
            folder = below
        if name in folder:
            raise ValueError(f"{path!r} is a folder, and a file of this name is added")
        folder[name] = entry
    tree = Tree({}, {})
    _hash_folder("", root, tree)
    return tree


_Folder = dict[str, "Entry | _Folder"]


def _hash_folder(path: str, folder: _Folder, tree: Tree) -> str:
    """Add a folder and its contents to a tree, and return its id."""
    tree.folders[path] = ""  # before the folders below it
    content = b""
    # Git sorts folders as if their names ended in a slash.
    for name in sorted(folder, key=lambda n: n if isinstance(folder[n], Entry) else n + "/"):
        item = folder[name]
        if isinstance(item, Entry):
            tree.entries[item.path] = item
            mode, oid = b"100644", item.oid
        else:
            mode, oid = b"40000", _hash_folder(f"{path}/{name}".lstrip("/"), item, tree)
        content += mode + b" " + name.encode() + b"\0" + bytes.fromhex(oid)
    header = b"tree %d\0" % len(content)
    tree.folders[path] = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
    return tree.folders[path]


def _walk(folder: Path, prefix: str, boundary: Path, depth: int) -> Iterator[tuple[str, Path]]:
    """The visible files below a folder: their paths in the repository and on the disk."""
    with os.scandir(folder) as items:
        listing = sorted(items, key=lambda item: item.name)
    for item in listing:
        if not is_visible(item.name):
            continue
        path = prefix + item.name
        if item.is_dir(follow_symlinks=False):
            if depth > 0:
                yield from _walk(Path(item), f"{path}/", boundary, depth - 1)
        elif item.is_symlink():
            if (target := _inside(Path(item), boundary)) is not None:
                yield path, target
        elif item.is_file():
            yield path, Path(item)


def _inside(link: Path, boundary: Path) -> Path | None:
    """The target of a link, None if it is not a visible file within `boundary`."""
    try:
        target = link.resolve(strict=True)
        parts = target.relative_to(boundary).parts
    except (OSError, RuntimeError, ValueError):  # no such file, a loop of links, elsewhere
        return None
    return target if all(map(is_visible, parts)) and target.is_file() else None
