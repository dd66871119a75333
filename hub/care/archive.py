"""Cached items in one file, for a machine without a network.

The file is a tar archive, `manifest.json` first, then `blobs/<SHA-256>`, each of the bytes once,
all of it the same for the same items. The manifest says which reference each of the bytes belong
to. Who takes an archive believes that, as one believes a server; nothing else of it is believed:
names, sizes and hashes are checked, and nothing is unpacked to a path that the archive names.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from hub import refs
from hub.cache import Cache
from hub.care.items import Item
from hub.disk import atomic_write, check_room
from hub.errors import CacheError, FetchError, HubError, IntegrityError, RefError
from hub.progress import bar
from hub.refs import check_sha256
from hub.repos import names
from hub.repos.cached import CachedRepo, hash_blob
from hub.repos.contents import check_contents
from hub.repos.names import COMMIT, Repo
from hub.repos.tree import MAX_SIZE, RepoFile, check_case, check_files
from hub.sources import Received
from hub.text import format_count

VERSION = 1
_MANIFEST = "manifest.json"
_MAX_MANIFEST = 256 << 20  # bytes
_CHUNK = 1 << 20  # bytes


class ArchiveError(HubError):
    """A file that is no archive of the hub, or a damaged one."""


def export(path: Path, items: Sequence[Item], *, progress: bool | None = None) -> int:
    """Write items to an archive and return its size; every file is verified on the way.

    The archive appears whole or not at all.

    >>> path = Path(tempfile.mkdtemp(), "empty.tar")
    >>> export(path, [], progress=False) == path.stat().st_size
    True
    """
    blobs: dict[str, Path] = {}
    described = [_describe(item, blobs) for item in items]
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
    """Take the items of an archive into the caches and return their references.

    All bytes are hashed before any of them is published: after an error the caches are as they
    were. What is cached already with other bytes is an IntegrityError: `rm` it first.

    >>> import_(Path("no-such-file.tar"))
    Traceback (most recent call last):
        ...
    hub.care.archive.ArchiveError: no-such-file.tar: there is no such file
    """
    cache = Cache()
    with _reading(path), tarfile.open(path, mode="r:") as archive:
        cache.partial.mkdir(parents=True, exist_ok=True)  # `hub gc` clears it if this process dies
        members = iter(archive)
        items = _manifest(path, archive, next(members, None))
        wanted = {sha256: size for item in items for sha256, size in item.blobs().items()}
        check_room(str(path), sum(wanted.values()), cache.root, f"in {cache.root}")
        with tempfile.TemporaryDirectory(dir=cache.partial, prefix="import-") as folder:
            staged = _stage(path, archive, members, wanted, Path(folder), progress)
            for item in items:
                item.check(cache, staged)
            for item in items:
                item.publish(cache, staged)
    return [item.ref for item in items]


@dataclass(frozen=True)
class _File:
    """One file from any other source than a repository."""

    ref: str
    filename: str
    sha256: str
    size: int
    source: str
    license: str | None
    archive_sha256: str | None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> _File:
        ref = refs.parse(fields["ref"])
        if ref.kind == "hf" or str(ref) != fields["ref"]:
            raise ValueError(f"{fields['ref']!r} is not the reference of a file")
        archive = fields["archive_sha256"]
        return cls(
            ref=ref.identity,
            filename=ref.filename,
            sha256=check_sha256(ref.identity, fields["sha256"]),
            size=_size(fields["size"]),
            source=str(fields["source"])[:4096],
            license=None if fields["license"] is None else str(fields["license"])[:80],
            archive_sha256=None if archive is None else check_sha256(ref.identity, archive),
        )

    def blobs(self) -> dict[str, int]:
        return {self.sha256: self.size}

    def check(self, cache: Cache, staged: Mapping[str, Path]) -> None:
        known = cache.record(refs.parse(self.ref))
        if known is not None and known.sha256 != self.sha256:
            raise IntegrityError(
                self.ref,
                expected=known.sha256,
                got=self.sha256,
                source="the archive",
                advice="other bytes are cached already; if that is meant, `hub rm` it first",
            )

    def publish(self, cache: Cache, staged: Mapping[str, Path]) -> None:
        ref = refs.parse(self.ref)
        with cache.lock(ref):
            if cache.record(ref) is not None:
                return
            with cache.workspace(ref) as folder:
                body = folder / "body"
                shutil.copyfile(staged[self.sha256], body)
                received = Received(
                    body, self.size, self.sha256, self.source, self.license, self.archive_sha256
                )
                cache.publish(ref, received)


@dataclass(frozen=True)
class _Snapshot:
    """A repository at a commit, with the files that were cached of it."""

    ref: str
    repo: Repo
    commit: str
    revisions: tuple[str, ...]
    files: Mapping[str, tuple[str, RepoFile]]  # SHA-256 and what the repository says, by path
    tree: Mapping[str, RepoFile] | None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> _Snapshot:
        ref, commit = fields["ref"], fields["commit"]
        name = names.parse(refs.parse(ref).identity)
        if name.path is not None or not COMMIT.fullmatch(commit):
            raise ValueError(f"{ref!r} at {commit!r} is no repository at a commit")
        files = {}
        for path, file in fields["files"].items():
            large = len(file["etag"]) == 64
            etag = file["etag"]
            known = RepoFile(path, file["size"], None if large else etag, etag if large else None)
            files[path] = check_sha256(ref, file["sha256"]), known
        check_files(ref, [file for _, file in files.values()])
        tree = fields["tree"]
        if tree is not None:
            listed = [RepoFile.from_json(path, file) for path, file in tree.items()]
            tree = check_files(ref, listed)
            for path, (_, file) in files.items():
                if path not in tree or tree[path].etag != file.etag:
                    raise ValueError(f"{ref}: {path!r} is not as the listing of the commit has it")
        revisions = tuple(names.check_revision(ref, text) for text in fields["revisions"])
        return cls(ref, name.repo, commit, revisions, files, tree)

    def blobs(self) -> dict[str, int]:
        return {sha256: file.size for sha256, file in self.files.values()}

    def check(self, cache: Cache, staged: Mapping[str, Path]) -> None:
        cached = CachedRepo(self.repo)
        check_case(self.ref, self.files, cached.folder.root)
        for path, (sha256, file) in self.files.items():
            where = f"{self.ref}: {path}"
            cached.find(where, self.commit, path)  # raises if what is here is damaged
            # Under its SHA-256 it was staged; git's hash alone is still to be seen.
            got = sha256 if file.sha256 else hash_blob(staged[sha256], file.etag)[1]
            if got != file.etag:
                raise IntegrityError(
                    where,
                    expected=file.etag,
                    got=got,
                    source="the archive",
                    advice="its manifest is wrong; make the archive again",
                )
            check_contents(where, path, staged[sha256])

    def publish(self, cache: Cache, staged: Mapping[str, Path]) -> None:
        cached = CachedRepo(self.repo)
        folder = cached.folder
        if self.tree is not None and folder.tree(self.commit) is None:
            folder.write_tree(self.commit, self.tree.values())
        for path, (sha256, file) in self.files.items():
            with folder.lock(file.etag):
                if cached.find(f"{self.ref}: {path}", self.commit, path) is None:
                    folder.blobs.mkdir(parents=True, exist_ok=True)
                    received = folder.blob(f"{file.etag}.bestiary.incomplete")
                    shutil.copyfile(staged[sha256], received)
                    folder.publish(received, self.commit, file)
        for revision in self.revisions:
            if folder.commit(revision) is None:  # what a server said is newer, perhaps
                folder.write_ref(revision, self.commit)


def _describe(item: Item, blobs: dict[str, Path]) -> dict[str, object]:
    """What the manifest says of an item, whose bytes are added to `blobs`."""
    if item.kind == "hf":
        return _describe_snapshot(item, blobs)
    cache, ref = Cache(), refs.parse(item.ref)
    path, record = cache.find(ref), cache.record(ref)
    if path is None or record is None:
        raise CacheError(f"{item.ref}: its file is gone; `hub download` fetches it again")
    blobs[record.sha256] = path
    kept = ("ref", "filename", "sha256", "size", "source", "license", "archive_sha256")
    fields = asdict(record)
    return {name: fields[name] for name in kept}


def _describe_snapshot(item: Item, blobs: dict[str, Path]) -> dict[str, object]:
    name = names.parse(item.ref)
    assert item.commit is not None
    cached = CachedRepo(name.repo)
    tree = cached.tree(item.commit)
    files: dict[str, object] = {}
    for path in cached.files(item.commit):
        held = cached.find(f"{item.ref}: {path}", item.commit, path)
        if held is None:
            raise CacheError(f"{item.ref}: {path} is gone; `hub download` fetches it again")
        target = cached.target(held.path)
        etag = tree[path].etag if tree else target.name if target != held.path else held.sha256
        blobs[held.sha256] = held.path
        files[path] = {"size": held.size, "sha256": held.sha256, "etag": etag}
    cached.save()
    return {
        "ref": item.ref,
        "commit": item.commit,
        "revisions": cached.folder.revisions(item.commit),
        "files": files,
        "tree": tree and {path: file.to_json() for path, file in sorted(tree.items())},
    }


def _member(name: str, size: int) -> tarfile.TarInfo:
    """A member whose header is the same on every machine."""
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    return member


def _manifest(
    path: Path, archive: tarfile.TarFile, member: tarfile.TarInfo | None
) -> list[_File | _Snapshot]:
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
    return [
        _Snapshot.of(fields) if "commit" in fields else _File.of(fields)
        for fields in manifest["items"]
    ]


def _stage(
    path: Path,
    archive: tarfile.TarFile,
    members: Iterator[tarfile.TarInfo],
    wanted: Mapping[str, int],
    folder: Path,
    progress: bool | None,
) -> dict[str, Path]:
    """Write all blobs of the archive into a folder, hashed, under names of ours."""
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


def _size(size: object) -> int:
    if not isinstance(size, int) or not 0 <= size <= MAX_SIZE:
        raise ValueError(f"the size {size!r:.40} is none")
    return size


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn what a malformed archive raises into one error that names it."""
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
