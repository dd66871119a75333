"""`builtin:NAME`: a file shipped with the zoo, in the folder `zoo/weights`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from hub.errors import NotFoundError
from hub.refs import Ref, check_member
from hub.sources import Source

PACKAGE = "zoo"
FOLDER = "weights"


class BuiltinSource(Source):
    """Files inside the installed package."""

    cache = "none"

    def identify(self, text: str) -> str:
        return "builtin:" + check_member(repr(text), text.removeprefix("builtin:"))

    def locate(self, ref: Ref) -> Path:
        folders = _folders()
        for folder in folders:
            path = folder / ref.locator
            if path.is_file():
                return path
        present = sorted(str(f.relative_to(d)) for d in folders for f in d.rglob("*.*"))
        listing = ", ".join(present) if present else "none"
        raise NotFoundError(f"{ref}: no such file is shipped with {PACKAGE}; there are: {listing}")


def _folders() -> list[Path]:
    # The spec locates the package without importing it: the zoo imports the hub, not the other
    # way round.
    spec = importlib.util.find_spec(PACKAGE)
    locations = spec.submodule_search_locations if spec else None
    return [Path(location, FOLDER) for location in locations or ()]
