"""``torch.distributed``: work over several processes is not there yet; this process is alone."""

from __future__ import annotations

from typing import Any, NoReturn


def is_available() -> bool:
    """Whether processes can work together.

    >>> import engine
    >>> engine.distributed.is_available()
    False
    """
    return False


def is_initialized() -> bool:
    """Whether a group of processes was made."""
    return False


def is_torchelastic_launched() -> bool:
    """Whether a launcher started this process as one of several."""
    return False


def is_nccl_available() -> bool:
    """Whether the backend is there."""
    return False


is_gloo_available = is_mpi_available = is_nccl_available


def init_process_group(*_: Any, **__: Any) -> NoReturn:
    """Raises NotImplementedError."""
    raise NotImplementedError(
        "distributed.init_process_group: work over several processes is not there yet"
    )
