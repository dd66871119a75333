"""Collation of samples into batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import _C, _creation
from engine._C import Tensor
from engine._lazy import numpy as np


def _rebuilt(original: Any, items: Any) -> Any:
    """A container of the original's type, or a list or dict if it has another constructor."""
    try:
        return type(original)(items)
    except TypeError:
        return items


def default_convert(data: Any) -> Any:
    """Converts NumPy arrays inside nested containers to tensors."""
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return data if data.dtype.kind in "SUO" else _creation.as_tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return _rebuilt(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(item) for item in data))
    if isinstance(data, Sequence):
        return _rebuilt(data, [default_convert(item) for item in data])
    return data


def default_collate(batch: list[Any]) -> Any:
    """Stack tensors, arrays and numbers of samples along a new first dimension.

    Containers of samples become containers of batches; strings stay lists.

    >>> import engine
    >>> batch = engine.data.default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    >>> batch["x"].tolist(), batch["name"]
    ([1, 2], ['a', 'b'])
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return _stack(batch)
    if isinstance(first, (np.ndarray, np.generic)):
        return _collate_arrays(batch)
    if isinstance(first, float):
        return _creation.tensor(batch, dtype=_C.float64)
    if isinstance(first, int):
        return _creation.tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        merged = {key: default_collate([sample[key] for sample in batch]) for key in first}
        return _rebuilt(first, merged)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(list(items)) for items in _columns(batch)))
    if isinstance(first, Sequence):
        columns = [default_collate(items) for items in _columns(batch)]
        # A tuple of columns is returned as a list, as in PyTorch.
        return columns if isinstance(first, tuple) else _rebuilt(first, columns)
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, strings, dicts or "
        f"lists, got {type(first).__name__}"
    )


def _stack(batch: list[Tensor]) -> Tensor:
    shapes = {tuple(sample.shape) for sample in batch}
    if len(shapes) > 1:
        raise ValueError(
            f"default_collate: samples have different shapes {sorted(shapes)}; give the loader a "
            "collate_fn that pads them"
        )
    return _C.stack(batch)


def _collate_arrays(batch: list[Any]) -> Tensor:
    arrays = [np.asarray(sample) for sample in batch]
    if arrays[0].dtype.kind in "SUO":
        raise TypeError(
            f"default_collate: numpy arrays of dtype {arrays[0].dtype} cannot become tensors"
        )
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise ValueError(
            f"default_collate: samples have different shapes {sorted(shapes)}; give the loader a "
            "collate_fn that pads them"
        )
    return _C.from_numpy(np.stack(arrays))


def _columns(batch: list[Any]) -> list[list[Any]]:
    lengths = {len(sample) for sample in batch}
    if len(lengths) > 1:
        raise ValueError(f"default_collate: samples have different lengths {sorted(lengths)}")
    return [list(column) for column in zip(*batch, strict=True)]
