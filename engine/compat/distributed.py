"""``torch.distributed``: not implemented yet; queries answer for a single process."""

from __future__ import annotations

import enum
from typing import Any, NoReturn


class ReduceOp(enum.Enum):
    """Ways to combine the tensors of several processes, as programs name them."""

    SUM = "sum"
    AVG = "avg"
    PRODUCT = "product"
    MIN = "min"
    MAX = "max"
    BAND = "band"
    BOR = "bor"
    BXOR = "bxor"


def is_available() -> bool:
    """Returns False: collectives are not implemented.

    >>> import engine
    >>> engine.distributed.is_available()
    False
    """
    return False


def is_initialized() -> bool:
    """Returns False: there is no process group."""
    return False


def is_torchelastic_launched() -> bool:
    """Returns False: the launcher of PyTorch Elastic is not supported."""
    return False


def is_nccl_available() -> bool:
    """Returns False: there is no such backend."""
    return False


is_gloo_available = is_mpi_available = is_nccl_available


def _refuse(name: str) -> NoReturn:
    raise NotImplementedError(
        f"distributed.{name}: work over several processes is not implemented yet"
    )


def init_process_group(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError."""
    _refuse("init_process_group")


def destroy_process_group(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError: there is no group."""
    _refuse("destroy_process_group")


def get_rank(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError: there is no group."""
    _refuse("get_rank")


def get_world_size(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError: there is no group."""
    _refuse("get_world_size")


def barrier(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError: there is no group."""
    _refuse("barrier")


def all_reduce(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError: there is no group."""
    _refuse("all_reduce")


def broadcast(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError: there is no group."""
    _refuse("broadcast")
