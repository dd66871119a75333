"""`hf:ORG/NAME[@REVISION]/PATH`: a file of a repository on the Hugging Face Hub, or one like it.

`hub.repos` does the work: these files are kept in the cache of the library `huggingface_hub`, in
its layout, and not in that of the hub.
"""

from __future__ import annotations

from pathlib import Path

from hub.errors import RefError
from hub.refs import Ref
from hub.repos import names
from hub.repos.names import Name
from hub.sources import Held


class HfSource:
    """Files of repositories."""

    from_archive = False

    def identify(self, text: str) -> str:
        return str(names.parse(text))

    def find(self, ref: Ref) -> Held | None:
        from hub.repos.repository import Repository

        return Repository(_file(ref), offline=True, pins=_pins(ref)).find()

    def bring(self, ref: Ref, *, offline: bool, progress: bool | None) -> Path:
        from hub.repos.repository import Repository

        return Repository(_file(ref), offline=offline, pins=_pins(ref)).file(progress)


def _file(ref: Ref) -> Name:
    name = names.parse(ref.identity)
    if name.path is None:
        raise RefError(f"{ref}: is a repository, not a file: hub.snapshot brings its folder")
    return name


def _pins(ref: Ref) -> dict[str, str]:
    path = names.parse(ref.identity).path
    return {path: ref.sha256} if ref.sha256 and path else {}
