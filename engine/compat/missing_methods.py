"""Missing methods of PyTorch's tensors: reading one raises an AttributeError that says why.

They are descriptors, since ``__getattr__`` would slow down every existing method.
"""

from __future__ import annotations

from typing import Any

from engine._C import Tensor
from engine.compat.missing_names import MISSING


class MissingMethod:
    """Descriptor of one missing method. Instances may have an attribute of the same name."""

    def __init__(self, name: str, answer: str) -> None:
        self.name, self.answer = name, answer

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise AttributeError(f"Tensor.{self.name}: {self.answer}", name=self.name, obj=instance)


def _names(self: Tensor) -> list[str]:
    return [n for n in object.__dir__(self) if not isinstance(vars(Tensor).get(n), MissingMethod)]


def install() -> None:
    """Adds a descriptor for each missing method of the table."""
    for answer, names in MISSING["engine.Tensor"].items():
        for name in names.split():
            if not hasattr(Tensor, name):  # otherwise the table is out of date: its test fails
                setattr(Tensor, name, MissingMethod(name, answer))
    setattr(Tensor, "__dir__", _names)  # noqa: B010
