"""Uploads to the public hub, or a server with the same API, through `huggingface_hub`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.disk import hash_file
from hub.errors import FetchError, HubError, IntegrityError, NotFoundError
from hub.file_info import FileInfo
from hub.model_cards import Card, render
from hub.repos.plan import Patterns, choose
from hub.server.hashes import git_blob
from hub.server.tree import is_visible
from hub.text import one_line

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CARD = "README.md"


@dataclass(frozen=True)
class Pushed:
    """The uploaded files. `commit` is None after a dry run."""

    repository: str
    url: str
    files: Mapping[str, FileInfo]
    card: str | None
    commit: str | None


def push(
    folder: str | os.PathLike[str],
    repository: str,
    *,
    card: Card | None = None,
    message: str = "Upload with bestiary",
    revision: str = "main",
    private: bool = False,
    include: Patterns = None,
    exclude: Patterns = None,
    endpoint: str | None = None,
    token: str | None = None,
    dry_run: bool = False,
) -> Pushed:
    """Upload the files of a folder in one commit, and verify the server's hashes.

    `endpoint` is the address of the server (default: HF_ENDPOINT, else the public hub) and `token`
    its token (default: the one stored by the library). A folder without a README.md gets a
    generated one if a `card` is given. The repository is created if needed; hidden files are not
    uploaded, and files of the repository that the folder lacks are not removed. `dry_run` uploads
    nothing. Raises NotFoundError if there is nothing to upload, FetchError if the server refuses,
    and IntegrityError if it has other bytes afterwards.
    """
    from huggingface_hub import HfApi

    root = Path(folder)
    if not root.is_dir():
        raise NotFoundError(f"{root}: there is no such folder to upload")
    files = _files(root, include, exclude)
    if not files:
        raise NotFoundError(f"{root}: holds no file to upload")
    text = None
    if card is not None and CARD not in files:
        text = render(card, files)
    api = HfApi(endpoint=endpoint, token=token)
    url = f"{api.endpoint}/{repository}"
    if dry_run:
        return Pushed(repository, url, files, text, None)
    with _library_errors(repository, api.endpoint), _without_xet(api.endpoint):
        commit = _upload(api, root, repository, files, text, message, revision, private)
        _check(api, root, repository, commit, files)
    return Pushed(repository, url, files, text, commit)


def _files(root: Path, include: Patterns, exclude: Patterns) -> dict[str, FileInfo]:
    paths = []
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if all(map(is_visible, parts)) and path.is_file():
            paths.append("/".join(parts))
    chosen = choose(paths, include, exclude)
    return {p: FileInfo((root / p).stat().st_size, hash_file(root / p)) for p in chosen}


def _upload(
    api: HfApi,
    root: Path,
    repository: str,
    files: Mapping[str, FileInfo],
    card: str | None,
    message: str,
    revision: str,
    private: bool,
) -> str:
    from huggingface_hub import CommitOperationAdd

    operations = [CommitOperationAdd(path, root / path) for path in files]
    if card is not None:
        operations.append(CommitOperationAdd(CARD, card.encode()))
    api.create_repo(repository, private=private or None, exist_ok=True)
    done = api.create_commit(repository, operations, commit_message=message, revision=revision)
    return str(done.oid)


def _check(
    api: HfApi, root: Path, repository: str, commit: str, files: Mapping[str, FileInfo]
) -> None:
    """Compare the server's hashes with those of the files."""
    infos = api.get_paths_info(repository, list(files), revision=commit)
    there = {info.path: info for info in infos}
    for path, file in files.items():
        info = there.get(path)
        lfs = getattr(info, "lfs", None)
        if lfs is not None:
            got, expected = lfs.sha256, file.sha256
        else:
            got = getattr(info, "blob_id", None)
            with (root / path).open("rb") as content:
                expected = git_blob(content, file.size)
        if got != expected:
            raise IntegrityError(
                f"{repository}/{path}",
                expected=expected,
                got=got,
                source=f"the server, at commit {commit}",
                advice="upload it again",
            )


@contextmanager
def _without_xet(endpoint: str) -> Iterator[None]:
    """Send large files by Git LFS, unless the server is the public hub, which has Xet."""
    from huggingface_hub import constants

    before = constants.HF_HUB_DISABLE_XET
    constants.HF_HUB_DISABLE_XET = before or endpoint != constants.HUGGINGFACE_CO_URL_HOME.rstrip(
        "/"
    )
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET = before


@contextmanager
def _library_errors(repository: str, endpoint: str) -> Iterator[None]:
    try:
        yield
    except HubError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise FetchError(f"{repository}: {endpoint} did not take it: {one_line(error)}") from error
