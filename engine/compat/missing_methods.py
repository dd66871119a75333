"""Methods of PyTorch's tensors that are not here: reading one is an AttributeError that says why.

They are descriptors, so that reading a method that is here takes the same time as before.
"""

from __future__ import annotations

from typing import Any

from engine._C import Tensor
from engine.compat.missing_names import MISSING


class MissingMethod:
    """Stands for one of them. Instances may have an attribute of the name all the same."""

    def __init__(self, name: str, answer: str) -> None:
        self.name, self.answer = name, answer

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise AttributeError(f"Tensor.{self.name}: {self.answer}", name=self.name, obj=instance)


def _names(self: Tensor) -> list[str]:
    return [n for n in object.__dir__(self) if not isinstance(vars(Tensor).get(n), MissingMethod)]


def install() -> None:
    """Puts a descriptor in the place of each method that the table lists."""
    for answer, names in MISSING["engine.Tensor"].items():
        for name in names.split():
            setattr(Tensor, name, MissingMethod(name, answer))
    setattr(Tensor, "__dir__", _names)  # noqa: B010
