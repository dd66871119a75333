"""``torch.version``: the engine's version, and the device libraries it was built with: none."""

from __future__ import annotations

from engine._version import __version__ as __version__

cuda: str | None = None
hip: str | None = None
xpu: str | None = None
git_version = "Unknown"
debug = False
