"""Archives of cached items, for a machine without a network.

The file is a tar archive, `manifest.json` first, then `blobs/<SHA-256>`, each blob once, and
deterministic for equal items. The manifest maps references to blobs, and is trusted for that like
a server; everything else is verified: names, sizes and hashes are checked, and nothing is unpacked
to a path that the archive names.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from hub.caches import Item, Packed, cache_of
from hub.disk import atomic_write, check_room
from hub.errors import FetchError, HubError, IntegrityError, RefError
from hub.hub_cache import HubCache
from hub.progress import bar
from hub.refs import Ref
from hub.sources import parse
from hub.text import format_count

VERSION = 1
_MANIFEST = "manifest.json"
_MAX_MANIFEST = 256 << 20  # bytes
_CHUNK = 1 << 20  # bytes


class ArchiveError(HubError):
    """The file is not an archive of the hub, or is damaged."""


def export(path: Path, items: Sequence[Item], *, progress: bool | None = None) -> int:
    """Write items to an archive and return its size; every file is verified meanwhile.

    The archive is written atomically.

    >>> path = Path(tempfile.mkdtemp(), "empty.tar")
    >>> export(path, [], progress=False) == path.stat().st_size
    True
    """
    blobs: dict[str, Path] = {}
    described = [cache_of(Ref(item.ref)).pack(item, blobs) for item in items]
    manifest = {"format": "bestiary", "version": VERSION, "items": described}
    total = sum(file.stat().st_size for file in blobs.values())
    with (
        atomic_write(path) as file,
        bar(path.name, total, progress) as counted,
        tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        text = json.dumps(manifest, indent=1).encode()
        archive.addfile(_member(_MANIFEST, len(text)), io.BytesIO(text))
        for sha256, source in sorted(blobs.items()):
            size = source.stat().st_size
            with source.open("rb") as content:
                archive.addfile(_member(f"blobs/{sha256}", size), content)
            counted.update(size)
    return path.stat().st_size


def import_(path: Path, *, progress: bool | None = None) -> list[str]:
    """Import the items of an archive into the caches and return their references.

    All bytes are hashed before any is published: after an error the caches are unchanged. An item
    that is cached with other bytes raises IntegrityError: `rm` it first.

    >>> import_(Path("no-such-file.tar"))
    Traceback (most recent call last):
        ...
    hub.maintenance.archive.ArchiveError: no-such-file.tar: there is no such file
    """
    cache = HubCache()
    with _reading(path), tarfile.open(path, mode="r:") as archive:
        cache.partial.mkdir(parents=True, exist_ok=True)  # `hub gc` clears it if this process dies
        members = iter(archive)
        items = _manifest(path, archive, next(members, None))
        wanted = {sha256: size for item in items for sha256, size in item.blobs().items()}
        check_room(str(path), sum(wanted.values()), cache.root, f"in {cache.root}")
        with tempfile.TemporaryDirectory(dir=cache.partial, prefix="import-") as folder:
            staged = _stage(path, archive, members, wanted, Path(folder), progress)
            for item in items:
                item.check(staged)
            for item in items:
                item.publish(staged)
    return [item.ref for item in items]


def _member(name: str, size: int) -> tarfile.TarInfo:
    """A member with a deterministic header."""
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    return member


def _manifest(path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo | None) -> list[Packed]:
    if member is None or member.name != _MANIFEST or not member.isreg():
        raise ArchiveError(f"{path}: is no archive of the hub: it does not begin with a manifest")
    if member.size > _MAX_MANIFEST:
        raise ArchiveError(f"{path}: has a manifest of {member.size} bytes")
    content = archive.extractfile(member)
    assert content is not None
    manifest = json.loads(content.read())
    if manifest["format"] != "bestiary" or manifest["version"] != VERSION:
        raise ArchiveError(
            f"{path}: is an archive {manifest['format']!r:.40} of version "
            f"{manifest['version']!r:.40}, expected 'bestiary' {VERSION}"
        )
    return [_item(fields) for fields in manifest["items"]]


def _item(fields: Mapping[str, Any]) -> Packed:
    ref = parse(fields["ref"])
    if str(ref) != fields["ref"] or ref.sha256 or ref.archive_sha256:
        raise ValueError(f"{fields['ref']!r} is not the reference of an item")
    return cache_of(ref).unpack(fields)


def _stage(
    path: Path,
    archive: tarfile.TarFile,
    members: Iterator[tarfile.TarInfo],
    wanted: Mapping[str, int],
    folder: Path,
    progress: bool | None,
) -> dict[str, Path]:
    """Write all blobs of the archive into a folder, under their computed hashes."""
    staged: dict[str, Path] = {}
    with bar(path.name, sum(wanted.values()), progress) as counted:
        for member in members:
            sha256 = member.name.removeprefix("blobs/")
            if not member.isreg() or member.name == sha256 or sha256 not in wanted:
                raise ArchiveError(
                    f"{path}: holds {member.name[:200]!r}, which its manifest does not name"
                )
            if sha256 in staged or member.size != wanted[sha256]:
                raise ArchiveError(f"{path}: {member.name} is doubled, or not of the size it names")
            content = archive.extractfile(member)
            assert content is not None
            staged[sha256] = folder / sha256
            _write(path, content, staged[sha256], sha256)
            counted.update(member.size)
    missing = wanted.keys() - staged.keys()
    if missing:
        files = format_count(len(missing), "file")
        raise ArchiveError(f"{path}: lacks {files} that its manifest names")
    return staged


def _write(path: Path, content: IO[bytes], target: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    with target.open("xb") as file:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    got = digest.hexdigest()
    if got != sha256:
        raise IntegrityError(
            str(path),
            expected=sha256,
            got=got,
            source=f"blobs/{sha256} in it",
            advice="the archive is damaged: copy it again, or make it again",
        )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Convert the errors of a malformed archive to one that names it."""
    try:
        yield
    except FileNotFoundError as error:
        if error.filename != str(path):
            raise
        raise ArchiveError(f"{path}: there is no such file") from None
    except (FetchError, RefError) as error:
        raise ArchiveError(f"{path}: its manifest is wrong: {error}") from None
    except (tarfile.TarError, EOFError) as error:
        raise ArchiveError(f"{path}: is no archive of the hub, or cut short: {error}") from None
    except HubError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArchiveError(f"{path}: its manifest is malformed: {error!r:.200}") from None
