"""``torch.version``: the engine's version; no device libraries are built in."""

from __future__ import annotations

from engine._version import __version__ as __version__

cuda: str | None = None
hip: str | None = None
xpu: str | None = None
git_version = "Unknown"
debug = False
