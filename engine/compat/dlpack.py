"""``torch.utils.dlpack``: tensors over the memory of other libraries' arrays."""

from __future__ import annotations

from typing import Any

from engine._C import Tensor, from_dlpack as from_dlpack


def to_dlpack(tensor: Tensor) -> Any:
    """A DLPack capsule over the memory of ``tensor``, to be read once.

    >>> import engine
    >>> from engine.utils.dlpack import from_dlpack, to_dlpack
    >>> from_dlpack(to_dlpack(engine.ones(2)))
    tensor([1., 1.])
    """
    return tensor.__dlpack__()
