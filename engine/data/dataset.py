"""Datasets: map-style, iterable, and combinations of them."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from engine import _C
from engine._C import Tensor

T_co = TypeVar("T_co", covariant=True)


def _length(dataset: Any) -> int:
    return len(dataset)


@runtime_checkable
class Indexable(Protocol[T_co]):
    """Any collection of samples by index: a Dataset, a list, an array."""

    def __getitem__(self, index: Any, /) -> T_co: ...


class Dataset(Generic[T_co]):
    """Samples by index; a subclass defines `__getitem__` and, for most uses, `__len__`.

    It may define `__getitems__`, which takes a list of indices and returns a list of samples.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__} has no __getitem__()")

    def __add__(self, other: Dataset[T_co]) -> ConcatDataset[T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """Samples as a stream; a subclass defines `__iter__`.

    With workers each one iterates over its own copy: use get_worker_info() to split the stream
    among them.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__()")

    def __add__(self, other: Dataset[T_co]) -> ChainDataset[T_co]:  # type: ignore[override]
        return ChainDataset([self, other])


def samples_at(dataset: Indexable[T_co], indices: Iterable[Any]) -> Any:
    """The samples at the indices, in one call where the dataset has `__getitems__`."""
    if (together := getattr(dataset, "__getitems__", None)) is not None:
        return together(indices)
    return [dataset[i] for i in indices]


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Rows of tensors of the same length.

    >>> import engine
    >>> data = engine.data.TensorDataset(engine.zeros(5, 2), engine.arange(5))
    >>> len(data), data[3][1].item()
    (5, 3)
    """

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors or any(tensor.dim() == 0 for tensor in tensors):
            shapes = [tuple(tensor.shape) for tensor in tensors]
            raise ValueError(f"TensorDataset: expected tensors with rows, got shapes {shapes}")
        lengths = [tensor.shape[0] for tensor in tensors]
        if len(set(lengths)) > 1:
            raise ValueError(f"TensorDataset: tensors have different lengths {lengths}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].shape[0]


class StackDataset(Dataset[Any]):
    """Datasets of the same length side by side: a sample is a tuple of theirs, or a dict for
    datasets given by name.

    >>> import engine
    >>> data = engine.data.StackDataset(x=[1, 2, 3], name=["a", "b", "c"])
    >>> data[1]
    {'x': 2, 'name': 'b'}
    """

    def __init__(self, *args: Indexable[Any], **kwargs: Indexable[Any]) -> None:
        if bool(args) is bool(kwargs):
            raise ValueError(
                "StackDataset: give datasets either by position or by name, got "
                f"{len(args)} and {len(kwargs)}"
            )
        self.datasets: tuple[Any, ...] | dict[str, Any] = args or kwargs
        lengths = [_length(dataset) for dataset in args or kwargs.values()]
        if len(set(lengths)) > 1:
            raise ValueError(f"StackDataset: datasets have different lengths {lengths}")
        self._length = lengths[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        named = isinstance(self.datasets, dict)
        datasets = self.datasets.values() if isinstance(self.datasets, dict) else self.datasets
        columns = [samples_at(dataset, indices) for dataset in datasets]
        for column in columns:
            if len(column) != len(indices):
                raise ValueError(
                    f"StackDataset: a dataset's __getitems__ gave {len(column)} samples for "
                    f"{len(indices)} indices"
                )
        rows = zip(*columns, strict=True)
        return [dict(zip(self.datasets, row, strict=True)) if named else row for row in rows]

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T_co]):
    """Datasets one after the other.

    >>> import engine
    >>> data = engine.data.ConcatDataset([range(3), range(10, 12)])
    >>> len(data), data[3], data[-1]
    (5, 10, 11)
    """

    def __init__(self, datasets: Iterable[Indexable[T_co]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: datasets must not be empty")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise TypeError("ConcatDataset: takes no IterableDataset; use ChainDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(_length, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T_co:
        if not -len(self) <= index < len(self):
            raise IndexError(f"ConcatDataset: index {index} is out of range of {len(self)}")
        index %= len(self)
        number = bisect.bisect_right(self.cumulative_sizes, index)
        start = self.cumulative_sizes[number - 1] if number else 0
        return self.datasets[number][index - start]


class ChainDataset(IterableDataset[T_co]):
    """Streams one after the other.

    >>> import engine
    >>> class Count(engine.data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(2))
    >>> list(engine.data.ChainDataset([Count(), Count()]))
    [0, 1, 0, 1]
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[T_co]:
        for dataset in self.datasets:
            yield from dataset  # type: ignore[misc]

    def __len__(self) -> int:
        return sum(map(_length, self.datasets))


class Subset(Dataset[T_co]):
    """The samples of a dataset at the given indices.

    >>> import engine
    >>> list(engine.data.Subset("abcd", [3, 0]))
    ['d', 'a']
    """

    def __init__(self, dataset: Indexable[T_co], indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> Any:
        return samples_at(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Indexable[T_co], lengths: Sequence[int | float], generator: Any = None
) -> list[Subset[T_co]]:
    """Disjoint random subsets of the given lengths, or fractions that sum to 1.

    >>> import engine
    >>> data = engine.data.TensorDataset(engine.arange(10))
    >>> [len(part) for part in engine.data.random_split(data, [0.75, 0.25])]
    [8, 2]
    """
    total = _length(dataset)
    sizes = _split_sizes(total, lengths)
    order = _C.randperm(total, generator=generator).tolist()
    ends = itertools.accumulate(sizes)
    return [Subset(dataset, order[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def _split_sizes(total: int, lengths: Sequence[int | float]) -> list[int]:
    for length in lengths:
        if not length >= 0:
            raise ValueError(f"random_split: lengths must not be negative, got {list(lengths)}")
    # As in PyTorch, numbers that sum to 1 are fractions, others are lengths.
    if not (math.isclose(sum(lengths), 1) and sum(lengths) <= 1):
        if sum(lengths) != total or any(length != int(length) for length in lengths):
            raise ValueError(
                f"random_split: lengths must sum to the dataset's length {total} or to 1, "
                f"got {list(lengths)}"
            )
        return [int(length) for length in lengths]
    sizes = [math.floor(total * length) for length in lengths]
    for i in range(total - sum(sizes)):  # the remainder after rounding down
        sizes[i % len(sizes)] += 1
    for i, size in enumerate(sizes):
        if size == 0:
            warnings.warn(f"random_split: part {i} of {total} samples is empty", stacklevel=3)
    return sizes
