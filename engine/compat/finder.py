"""The import hook of PyTorch's module paths.

Python tries this finder last, for paths below ``engine`` that have no file, so that it costs
nothing unless such a path is imported.
"""

from __future__ import annotations

import functools
import importlib
import sys
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.abc import Loader


class _View(types.ModuleType):
    """A module at PyTorch's path that exposes names of one or more modules."""

    _homes: tuple[str, ...]

    def _modules(self) -> list[types.ModuleType]:
        return [importlib.import_module(home) for home in self._homes]

    def __getattr__(self, name: str) -> Any:
        if name == "__all__":
            return [public for home in self._modules() for public in _public(home)]
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__} has no attribute {name}")
        if _is_path(self.__name__, name):  # before a module of the engine of that name
            return importlib.import_module(f"{self.__name__}.{name}")
        for home in self._modules():
            if name in vars(home):
                return vars(home)[name]
        return missing(self.__name__, name)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *self.__getattr__("__all__")})


def _public(module: types.ModuleType) -> list[str]:
    listed = getattr(module, "__all__", None)
    return list(listed) if listed else [n for n in vars(module) if not n.startswith("_")]


def _is_path(module: str, name: str) -> bool:
    from engine.compat import paths

    below = f"{module}.{name}".removeprefix("engine.")
    return below in paths.MODULES or below in paths.VIEWS or below in paths.NOT_YET


def submodule(parent: str, name: str) -> types.ModuleType | None:
    """Imports the module ``parent.name`` if a file or the table of paths defines it."""
    path = f"{parent}.{name}"
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name != path:
            raise
        return None


def missing(module: str, name: str) -> Any:
    """The ``__getattr__`` of packages: imports the submodule or raises AttributeError."""
    from engine.compat.differences import answer
    from engine.compat.paths import ATTRIBUTES

    home = ATTRIBUTES.get(f"{module}.{name}".removeprefix("engine."))
    if home is not None:
        return vars(sys.modules[module]).setdefault(name, _resolved(home))
    if name.startswith("_foreach_") and module == "engine":
        from engine.compat import foreach

        foreach_function = foreach.function(name)
        if foreach_function is not None:
            return foreach_function
    known = answer(module, name)
    if not name.startswith("__") and (known is None or _is_path(module, name)):
        found = submodule(module, name)
        if found is not None:
            return found
    raise AttributeError(
        f"module '{module}' has no attribute '{name}'" if known is None else known,
        name=name,
        obj=sys.modules.get(module),
    )


class _Finder:
    """Finder and loader without importlib's base classes, which are slow to import."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith("engine."):
            return None
        from engine.compat import differences

        parent, _, last = name.rpartition(".")
        if _is_path(parent, last):
            return ModuleSpec(name, cast("Loader", self), is_package=True)
        known = differences.answer(_public_path(parent), last)
        if known is not None:
            raise ImportError(known, name=name)
        return None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        from engine.compat import paths

        below = spec.name.removeprefix("engine.")
        if below in paths.MODULES:
            return None
        view = _View(
            spec.name, f"PyTorch's path for what is in: {', '.join(_homes(below)) or '-'}."
        )
        view._homes = _homes(below)
        return view

    def exec_module(self, module: types.ModuleType) -> None:
        from engine.compat import paths

        name = module.__name__
        home = paths.MODULES.get(name.removeprefix("engine."))
        if home is not None:
            found = sys.modules[name] = _resolved(home)
            found.__path__ = []  # a package, so that Python looks up missing names as submodules
            vars(found)["__getattr__"] = functools.partial(missing, name)


def _resolved(home: str) -> Any:
    module, _, attribute = home.partition(":")
    found = importlib.import_module(f"engine.{module}")
    return getattr(found, attribute) if attribute else found


def _public_path(module: str) -> str:
    """PyTorch's path of a module of this folder."""
    from engine.compat import paths

    for path, home in paths.MODULES.items():
        if module == f"engine.{home}":
            return f"engine.{path}"
    return module


def _homes(below: str) -> tuple[str, ...]:
    from engine.compat import paths

    homes = paths.VIEWS.get(below, "").split()
    return tuple("engine" if home == "." else f"engine.{home}" for home in homes)


def install(packages: Sequence[str]) -> None:
    """Registers the finder as the last one, and the lookup of missing names in these packages."""
    sys.meta_path.append(_Finder())
    for package in packages:
        look_up_missing(package)


def look_up_missing(package: str) -> None:
    """Lets names that the imported package lacks be found, or explained, by `missing`."""
    vars(sys.modules[package])["__getattr__"] = functools.partial(missing, package)
