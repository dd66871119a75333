"""Reading of PyTorch's files: the zip container, the legacy format, and bare pickles.

The zip container is what `torch.save` has written since version 1.6: `data.pkl` refers to storages
that are members `data/<key>`. A legacy file is five pickles in a row (a magic number, a protocol
version, the kind of machine, the object, the keys of the storages) and the storages.
"""

from __future__ import annotations

from collections.abc import Mapping

from hub.formats.buffer import Storage, aligned
from hub.formats.byte_source import Source
from hub.formats.data_classes import refuse_class
from hub.formats.plain_data import describe
from hub.formats.stdlib_constructors import PLAIN_GLOBALS
from hub.formats.torch_constructors import TORCH_GLOBALS, StorageType, TypedStorage
from hub.formats.unpickler import FindClass, Unpickler
from hub.formats.zip_reader import ZipReader
from hub.text import format_count

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
LEGACY_PICKLES = 5
LEGACY_VERSION = 1001
_MAX_ZIP_VERSION = 10
# Sufficient for every element type, and used by the writers of the zip format.
_ALIGNMENT = 8


def read_torch_zip(source: Source, find_class: FindClass = refuse_class) -> object:
    """Return the object of a zip that `torch.save` wrote; its tensors view the mapped file.

    Raises FormatError for other zips, files of big-endian machines, and malformed ones.
    """
    archive = ZipReader(source)
    root = _find_root(archive, source)
    _check_records(archive, root)
    storages = _ZipStorages(archive, root)
    data = archive.read(f"{root}/data.pkl")
    return Unpickler(data, TORCH_GLOBALS, storages.load, find_class=find_class).load()


def read_pickle(source: Source, find_class: FindClass = refuse_class) -> object:
    """Return the object of a legacy PyTorch file, or of a bare pickle of plain data and arrays.

    Raises FormatError for any other content of a pickle, and for bytes that follow it.
    """
    first = Unpickler(source, PLAIN_GLOBALS, find_class=find_class)
    value = first.load()
    if type(value) is int and value == MAGIC_NUMBER:
        return _read_legacy(source, first.end, find_class)
    if first.end != len(source):
        rest = format_count(len(source) - first.end, "byte")
        raise source.error(f"data after the pickle: {rest}", first.end)
    return value


def _find_root(archive: ZipReader, source: Source) -> str:
    """Return the root folder in a PyTorch zip."""
    pickles = [name for name in archive.members if name.endswith("/data.pkl")]
    roots = [name.removesuffix("/data.pkl") for name in pickles if name.count("/") == 1]
    if len(roots) != 1:
        members = ", ".join(list(archive.members)[:8])
        raise source.error(f"not a PyTorch zip: it has {len(roots)} data.pkl among {members}")
    if f"{roots[0]}/constants.pkl" in archive.members:
        raise source.error("a TorchScript archive: it holds a program, not weights alone")
    return roots[0]


def _check_records(archive: ZipReader, root: str) -> None:
    if f"{root}/byteorder" in archive.members:
        record = archive.read(f"{root}/byteorder")
        if record.bytes(0, 80) != b"little":
            raise record.error(f"byte order {record.bytes(0, 80)!r}, only b'little' is read", 0)
    if f"{root}/version" in archive.members:
        record = archive.read(f"{root}/version")
        text = record.bytes(0, 80).strip()
        if not text.isdigit() or len(text) > 4 or int(text) > _MAX_ZIP_VERSION:
            raise record.error(f"file version {text!r}, at most {_MAX_ZIP_VERSION} is read", 0)


def _storage_reference(pid: object) -> tuple[StorageType, str, str, int]:
    """Return the kind, key, device and number of elements of a persistent id."""
    if type(pid) is not tuple or len(pid) < 5 or pid[0] != "storage":
        raise ValueError(f"the persistent id is {describe(pid)}, not that of a storage")
    kind, key, location, numel = pid[1:5]
    if not isinstance(kind, StorageType):
        raise ValueError(f"{describe(kind)} is not a kind of storage")
    if type(key) is not str or type(location) is not str:
        raise ValueError(f"storage key {describe(key)}, location {describe(location)}")
    if type(numel) is not int or not 0 <= numel * kind.itemsize < 2**63:
        raise ValueError(f"storage {key[:40]!r} has {describe(numel)} elements")
    return kind, key, location, numel


class _ZipStorages:
    """The storages of a zip by key, each created once."""

    def __init__(self, archive: ZipReader, root: str) -> None:
        self._archive = archive
        self._root = root
        self._made: dict[str, Storage] = {}

    def load(self, pid: object) -> TypedStorage:
        kind, key, location, numel = _storage_reference(pid)
        if type(pid) is not tuple or len(pid) != 5:
            raise ValueError("a storage is referred to by more than its five parts")
        if key not in self._made:
            record = self._archive.read(f"{self._root}/data/{key}")
            self._made[key] = Storage(aligned(record.memory, _ALIGNMENT), location)
        storage = self._made[key]
        if storage.nbytes != numel * kind.itemsize:
            raise ValueError(
                f"storage {key!r} has {storage.nbytes} bytes, and {numel} elements of"
                f" {kind.qualified_name} take {numel * kind.itemsize}"
            )
        return TypedStorage(storage, kind, 0, numel)


class _LegacyStorages:
    """The storages of a legacy file, whose bytes follow the pickle that names them."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._total = 0
        self._roots: dict[str, TypedStorage] = {}

    def load(self, pid: object) -> TypedStorage:
        kind, key, location, numel = _storage_reference(pid)
        if key not in self._roots:
            # The total size of the storages must not exceed the file.
            self._total += numel * kind.itemsize
            if self._total > len(self._source):
                raise ValueError(f"storages of {self._total} bytes, more than the file has")
            storage = Storage.reserve(numel * kind.itemsize, location)
            self._roots[key] = TypedStorage(storage, kind, 0, numel)
        root = self._roots[key]
        if (root.kind, root.numel) != (kind, numel):
            raise ValueError(f"storage {key[:40]!r} is referred to in two ways")
        return self._view(root, pid[5] if isinstance(pid, tuple) and len(pid) == 6 else None)

    def _view(self, root: TypedStorage, view: object) -> TypedStorage:
        if view is None:
            return root
        if type(view) is not tuple or len(view) != 3 or type(view[0]) is not str:
            raise ValueError(f"a storage is viewed by {describe(view)}")
        _, offset, numel = view
        if type(offset) is not int or type(numel) is not int:
            raise ValueError("a view of a storage is not given by two integers")
        if offset < 0 or numel < 0 or offset + numel > root.numel:
            raise ValueError(f"a view of {numel} elements at {offset} in {root.numel}")
        return TypedStorage(root.storage, root.kind, offset, numel)

    def attach(self, keys: object, position: int) -> int:
        """Attach the storages' bytes, in the order of the keys, and return their end."""
        source = self._source
        if type(keys) is not list or not all(type(key) is str for key in keys):
            raise source.error("the keys of the storages are not a list of text", position)
        if len(set(keys)) != len(keys) or set(keys) != self._roots.keys():
            raise source.error("the keys of the storages are not those in use", position)
        for key in keys:
            root = self._roots[key]
            numel = int.from_bytes(source.bytes(position, position + 8), "little", signed=True)
            start, stop = position + 8, position + 8 + root.storage.nbytes
            if stop > len(source):
                raise source.error(f"storage {key!r} is cut short", position)
            if numel != root.numel:
                fault = f"storage {key!r} has {numel} elements, not {root.numel}"
                raise source.error(fault, position)
            root.storage.attach(aligned(source.memory[start:stop], _ALIGNMENT))
            position = stop
        return position


def _read_legacy(source: Source, position: int, find_class: FindClass) -> object:
    version, position = _next_pickle(source, position)
    if type(version) is not int or version != LEGACY_VERSION:
        raise source.error(f"format version {describe(version)}, expected {LEGACY_VERSION}")
    machine, position = _next_pickle(source, position)
    if not isinstance(machine, Mapping) or machine.get("little_endian") is not True:
        raise source.error("written by a machine that is not little-endian", position)
    storages = _LegacyStorages(source)
    reader = Unpickler(source, TORCH_GLOBALS, storages.load, position, find_class)
    value = reader.load()
    keys, position = _next_pickle(source, reader.end)
    end = storages.attach(keys, position)
    if end != len(source):
        rest = format_count(len(source) - end, "byte")
        raise source.error(f"data after the last storage: {rest}", end)
    return value


def _next_pickle(source: Source, position: int) -> tuple[object, int]:
    if position >= len(source):
        raise source.error("the file is cut short", position)
    reader = Unpickler(source, PLAIN_GLOBALS, start=position)
    return reader.load(), reader.end
