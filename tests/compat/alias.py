"""Makes `import torch` import the engine, for one process.

An import hook, rather than an edited copy of each program: the programs' files are unmodified, and
libraries that they use (torchvision, einops) get the engine too.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Sequence


class _TorchFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds `torch.x.y` as `engine.x.y`; both names are then one module."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "torch" and not name.startswith("torch."):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__
        sys.modules[name] = importlib.import_module("engine" + name.removeprefix("torch"))


def install() -> None:
    sys.meta_path.insert(0, _TorchFinder())
    import torch

    # torchvision logs uses of its models by a private function of PyTorch.
    torch._C._log_api_usage_once = lambda name: None
