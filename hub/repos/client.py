"""Requests to a repository server, through the library `huggingface_hub`.

Tokens, HF_ENDPOINT, proxies and parsing of responses are left to the library; its exceptions are
converted to the hub's here. The bytes of files are received elsewhere.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from hub import urls
from hub.disk import is_full
from hub.errors import AccessError, FetchError, HubError, NotFoundError, OfflineError, RefError
from hub.repos.repo_id import COMMIT, Repo, RepoRef
from hub.repos.tree import RepoFile, check_files, file_of_etag
from hub.text import root_cause
from hub.transfer import limits
from hub.transfer.retry import Retries, Transient, retry_after

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

_Answer = TypeVar("_Answer")
_ANY = "40 hexadecimal digits"
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class UnreachableError(FetchError):
    """The server cannot be reached; cached responses may be used."""


class NoSuchFileError(NotFoundError):
    """A commit does not have the requested file."""

    def __init__(self, message: str, commit: str | None) -> None:
        super().__init__(message)
        self.commit = commit


class Client:
    """Requests about one repository. `where` is the reference named in errors."""

    def __init__(self, repo: Repo, where: str) -> None:
        from huggingface_hub import HfApi  # imports ten times as long as the hub

        self._api = HfApi(library_name="bestiary-hub")
        self._repo = repo
        self._where = where
        self._folders: dict[str, str] = {}  # URLs of the folders of commits

    @property
    def headers(self) -> dict[str, str]:
        """The headers of requests for files: the user's token, if there is one."""
        from huggingface_hub import constants, get_token

        token = None if constants.HF_HUB_DISABLE_IMPLICIT_TOKEN else get_token()
        return {"Authorization": f"Bearer {token}"} if token else {}

    def url(self, commit: str, path: str) -> str:
        """The URL of a file."""
        if commit not in self._folders:
            from huggingface_hub import hf_hub_url

            repo, endpoint = self._repo, self._api.endpoint
            url = hf_hub_url(
                repo.name, "-", repo_type=repo.type, revision=commit, endpoint=endpoint
            )
            self._folders[commit] = url.removesuffix("-")
        return self._folders[commit] + quote(path)

    def commit(self, revision: str, *, patient: bool = True) -> str:
        """The current commit of a revision.

        UnreachableError if the server does not respond, with retries only if `patient`.
        """
        repo = self._repo
        info = self._ask(
            lambda: self._api.repo_info(
                repo.name,
                repo_type=repo.type,
                revision=revision,
                timeout=limits.LIMITS.read_timeout,
            ),
            patient=patient,
        )
        return self._checked_commit(revision, info.sha)

    def files(self, commit: str) -> dict[str, RepoFile]:
        """All files of a commit, by path."""
        return self._ask(lambda: check_files(self._where, self._list(commit)))

    def file(self, name: RepoRef, *, patient: bool = True) -> tuple[str, RepoFile]:
        """The current commit of a revision, and one file of it.

        NoSuchFileError if it has no such file; UnreachableError as `commit`.
        """
        assert name.path is not None
        path, url = name.path, self.url(name.revision, name.path)
        answer = self._ask(
            lambda: self._api.get_hf_file_metadata(url=url, timeout=limits.LIMITS.read_timeout),
            patient=patient,
        )
        commit = self._checked_commit(name.revision, answer.commit_hash)
        xet = getattr(answer, "xet_file_data", None)  # missing in older versions
        stored = None if xet is None else xet.file_hash
        file = file_of_etag(self._where, path, answer.size, answer.etag, stored)
        return commit, file

    def download(self, commit: str, path: str, folder: Path) -> Path:
        """Fetch a file into a folder by the library, which checks the size but no hash."""
        from huggingface_hub import hf_hub_download

        repo = self._repo
        fetched = self._ask(
            lambda: hf_hub_download(
                repo.name, path, repo_type=repo.type, revision=commit, local_dir=folder
            )
        )
        return Path(fetched)

    def _list(self, commit: str) -> Iterator[RepoFile]:
        repo = self._repo
        url = f"{self._api.endpoint}/api/{repo.type}s/{repo.name}/tree/{commit}?recursive=true"
        for entry in self._pages(url):
            if entry["type"] == "file":
                lfs = entry.get("lfs")
                yield RepoFile(
                    entry["path"],
                    entry["size"] if lfs is None else lfs["size"],
                    entry["oid"],
                    None if lfs is None else lfs["oid"],
                    entry.get("xetHash"),
                )

    def _pages(self, url: str) -> Iterator[dict[str, Any]]:
        """The entries of a paginated listing, each page of which links to the next.

        HfApi.list_repo_tree has no read timeout, obeys any Retry-After, and would follow links to
        other servers with the user's token.
        """
        from huggingface_hub import get_session, hf_raise_for_status

        headers, following = self.headers, url
        while True:
            answer = get_session().get(
                following,
                headers=headers if urls.origin(following) == urls.origin(url) else {},
                timeout=limits.LIMITS.read_timeout,
            )
            hf_raise_for_status(answer)
            entries = answer.json()
            yield from entries
            following = answer.links.get("next", {}).get("url", "")
            if not entries or not following:
                return

    def _checked_commit(self, asked: str, commit: str | None) -> str:
        expected = asked if COMMIT.fullmatch(asked) else _ANY
        if commit is None or not COMMIT.fullmatch(commit) or expected not in (commit, _ANY):
            raise FetchError(
                f"{self._where}: the server gives the commit as {commit!r:.80}, expected "
                f"{expected}: is it a repository server?"
            )
        return commit

    def _ask(self, question: Callable[[], _Answer], *, patient: bool = True) -> _Answer:
        retries = Retries(self._where, limits.LIMITS)
        while True:
            try:
                with self._our_errors():
                    return question()
            except Transient as error:
                try:
                    if not patient and error.wait is None:
                        raise FetchError(f"{self._where}: {error}") from error
                    retries.wait(error, progress=False)
                except FetchError as last:
                    raise UnreachableError(str(last)) from error

    @contextlib.contextmanager
    def _our_errors(self) -> Iterator[None]:
        from huggingface_hub import errors

        try:
            yield
        except (HubError, Transient):
            raise
        except errors.OfflineModeIsEnabled:
            raise OfflineError(
                f"{self._where}: HF_HUB_OFFLINE is set, and the server would have to be asked"
            ) from None
        except errors.HfHubHTTPError as error:
            raise self._refusal(error) from error
        except errors.HFValidationError as error:
            raise RefError(f"{self._where}: {error}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FetchError(
                f"{self._where}: the answer of {self._api.endpoint} cannot be understood "
                f"({type(error).__name__}: {error}): is it a repository server?"
            ) from error
        except Exception as error:
            if isinstance(error, OSError) and is_full(error):
                raise
            # A failed connection, of either HTTP library that it uses.
            reason = root_cause(error)
            endpoint = self._api.endpoint
            raise Transient(f"the server {endpoint} cannot be reached: {reason}") from error

    def _refusal(self, error: HfHubHTTPError) -> Exception:
        """The hub's exception for an error response."""
        from huggingface_hub import errors

        status, where = error.response.status_code, self._where
        page = f"{self._api.endpoint}/{self._repo}"
        if isinstance(error, errors.GatedRepoError):
            return AccessError(
                f"{where}: its owner asks for an agreement: accept it at {page}, then log in "
                "with `hf auth login` or set HF_TOKEN"
            )
        if isinstance(error, errors.RepositoryNotFoundError):
            return NotFoundError(
                f"{where}: {self._api.endpoint} has no repository {str(self._repo)!r} that you "
                f"may see: check the name{self._hint()}; for a private one log in with "
                "`hf auth login` or set HF_TOKEN"
            )
        if isinstance(error, errors.RevisionNotFoundError):
            return NotFoundError(f"{where}: {self._repo} has no such branch, tag or commit")
        if isinstance(error, errors.EntryNotFoundError):
            commit = error.response.headers.get("X-Repo-Commit")
            return NoSuchFileError(f"{where}: {self._repo} has no such file there", commit)
        if status in _TRANSIENT:
            wait = retry_after(error.response.headers.get("Retry-After"))
            return Transient(f"{self._api.endpoint} answered {status}", wait)
        if status in (401, 403):
            return AccessError(
                f"{where}: {self._api.endpoint} answered {status}: log in with `hf auth login` or "
                "set HF_TOKEN to a token that may read it"
            )
        if status in (404, 410):
            return NotFoundError(f"{where}: {self._api.endpoint} answered {status}")
        return FetchError(f"{where}: {self._api.endpoint} answered {status}")

    def _hint(self) -> str:
        owner, slash, name = self._repo.name.partition("/")
        if not slash or "." not in name:
            return ""
        return f" (a file of a repository without owner is written 'hf:{owner}@main/{name}')"
