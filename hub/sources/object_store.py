"""`s3://BUCKET/KEY`, `gs:`, `az:`: files in object stores, through the library fsspec.

`fsspec:SCHEME://PATH` is any store that fsspec supports. It is an extra, `bestiary[fsspec]`, and
each store needs its own package besides (s3fs, gcsfs, adlfs), which also finds the login.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hub import cancellation, progress
from hub.errors import AccessError, FetchError, NotFoundError, RefError
from hub.file_info import LocalFile
from hub.progress import Meter
from hub.refs import Ref
from hub.sources import Destination, Source
from hub.text import format_count, root_cause

if TYPE_CHECKING:
    from hub.transfer.partial import Partial, Version

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://([^/].*)", re.IGNORECASE)
_SHORT = frozenset({"az", "gs", "s3"})
# Schemes of other sources, with stricter verification, and local ones.
_OTHERS = {"file": "file:", "local": "file:", "http": "https:", "https": "https:", "hf": "hf:"}
_CHUNK = 1 << 20  # bytes


class ObjectSource(Source):
    """Files in object stores."""

    def identify(self, text: str) -> str:
        found = _URL.fullmatch(text.removeprefix("fsspec:"))
        if not found:
            raise RefError(f"{text!r}: is not like 's3://BUCKET/KEY' or 'fsspec:SCHEME://PATH'")
        scheme, path = found[1].lower(), found[2]
        if scheme in _OTHERS:
            raise RefError(f"{text!r}: write {_OTHERS[scheme]!r} instead")
        if "::" in path:
            raise RefError(f"{text!r}: chains of file systems are not followed")
        if "@" in path.partition("/")[0]:
            raise RefError(f"{scheme}: leave the login out of the reference")
        if any(part in ("", ".", "..") for part in path.split("/")) or "\\" in path:
            raise RefError(f"{text!r}: has a backslash or an empty, '.' or '..' part in its path")
        return f"{'' if scheme in _SHORT else 'fsspec:'}{scheme}://{path}"

    def fetch(self, ref: Ref, destination: Destination) -> LocalFile:
        from hub.transfer import Expected, limits
        from hub.transfer.partial import Partial

        url = ref.identity.removeprefix("fsspec:")
        expected = Expected(sha256=destination.sha256)
        partial = Partial(
            destination.body, ref=str(ref), url=url, expected=expected, limits=limits.LIMITS
        )
        meter = progress.meter(destination.label, destination.progress)
        finished = False
        try:
            _receive(ref, url, partial, meter)
            sha256, _ = partial.finish()
            finished = True
        finally:
            meter.close()
            partial.close(finished=finished)
        return LocalFile(partial.size or 0, sha256, url, path=destination.body)


def _receive(ref: Ref, url: str, partial: Partial, meter: Meter) -> None:
    from hub.transfer import limits
    from hub.transfer.retry import Retries, Transient

    store, path = _open_store(ref, url)
    retries = Retries(str(ref), limits.LIMITS)
    partial.resume()
    while True:
        before = len(partial.done)
        try:
            version = _version(store.info(path))
            if not partial.can_grow or partial.version.is_other_than(version):
                partial.start(version)
            meter.begin(partial.done.prefix, partial.size)
            for chunk in _chunks(store, path, partial.done.prefix):
                cancellation.current().check()
                partial.write(partial.done.prefix, chunk, partial.generation)
                meter.update(len(chunk))
            if not partial.is_complete:
                size = format_count(partial.size or 0, "byte")
                raise Transient(f"{url} announced {size} and sent {len(partial.done)}")
            return
        except FileNotFoundError as error:
            raise NotFoundError(f"{ref}: there is no such file in the store") from error
        except PermissionError as error:
            raise AccessError(f"{ref}: the store asks for a login that allows this") from error
        except (OSError, Transient) as error:
            failure = error if isinstance(error, Transient) else Transient(root_cause(error))
            retries.wait(failure, progress=len(partial.done) > before)


def _open_store(ref: Ref, url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        raise FetchError(f"{ref}: needs fsspec: pip install 'bestiary[fsspec]'") from error
    try:
        store, path = fsspec.url_to_fs(url)
    except (ImportError, ValueError) as error:  # an unknown scheme, or a missing package
        raise FetchError(f"{ref}: {root_cause(error)}") from error
    return store, path


def _version(info: dict[str, Any]) -> Version:
    from hub.transfer.partial import Version

    etag = info.get("ETag") or info.get("etag")
    return Version(size=int(info["size"]), etag=str(etag) if etag else None)


def _chunks(store: Any, path: str, start: int) -> Iterator[bytes]:
    with store.open(path, "rb") as file:
        file.seek(start)
        while chunk := file.read(_CHUNK):
            yield chunk
