"""Forward-mode differentiation: not implemented yet.

``autograd.functional.jvp`` computes the product of a Jacobian with a vector by two backward passes.
"""

from __future__ import annotations

from typing import Any, NoReturn

_MESSAGE = "forward-mode differentiation is not implemented yet; use autograd.functional.jvp"


class dual_level:
    """Raises NotImplementedError: see the module."""

    def __init__(self) -> None:
        raise NotImplementedError(f"dual_level: {_MESSAGE}")


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> NoReturn:
    """Raises NotImplementedError: see the module."""
    raise NotImplementedError(f"make_dual: {_MESSAGE}")


def unpack_dual(tensor: Any, *, level: int | None = None) -> NoReturn:
    """Raises NotImplementedError: see the module."""
    raise NotImplementedError(f"unpack_dual: {_MESSAGE}")
