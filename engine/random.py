"""The state of the default generator of random numbers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from engine import _C
from engine._C import Tensor, default_generator as default_generator, manual_seed as manual_seed

__all__ = [
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


def get_rng_state() -> Tensor:
    """The state of the default generator, as a tensor of bytes.

    >>> import engine
    >>> state = engine.get_rng_state(); first = engine.rand(1)
    >>> engine.set_rng_state(state); bool(engine.rand(1) == first)
    True
    """
    return _C.default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Sets the state of the default generator, as returned by ``get_rng_state``.

    Raises RuntimeError for other bytes, such as states of PyTorch's generator.

    >>> import engine
    >>> engine.set_rng_state(engine.get_rng_state())
    """
    _C.default_generator.set_state(new_state)


def initial_seed() -> int:
    """The seed of the default generator.

    >>> import engine
    >>> generator = engine.manual_seed(3); engine.initial_seed()
    3
    """
    return _C.default_generator.initial_seed()


def seed() -> int:
    """Seeds the default generator with a number from the operating system, and returns it.

    >>> import engine
    >>> engine.seed() == engine.initial_seed()
    True
    """
    return _C.default_generator.seed()


@contextlib.contextmanager
def fork_rng(
    devices: Iterable[Any] | None = None, enabled: bool = True, device_type: str = "cpu"
) -> Iterator[None]:
    """Restores the default generator's state after the ``with`` block.

    ``devices`` are accepted: there are no other generators.

    >>> import engine
    >>> generator = engine.manual_seed(0)
    >>> with engine.random.fork_rng(): inside = engine.rand(1)
    >>> bool(engine.rand(1) == inside)
    True
    """
    if enabled and list(devices or ()):
        raise RuntimeError(f"fork_rng: devices={devices}: this build computes on the CPU")
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
