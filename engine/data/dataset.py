"""Collections of samples."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from engine import _C
from engine._C import Tensor

T_co = TypeVar("T_co", covariant=True)


def _length(dataset: Any) -> int:
    return len(dataset)


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

    With workers each one iterates over its own copy: use get_worker_info() to let each take its
    part.
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__()")

    def __add__(self, other: Dataset[T_co]) -> ChainDataset[T_co]:  # type: ignore[override]
        return ChainDataset([self, other])


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


class ConcatDataset(Dataset[T_co]):
    """Datasets one after the other."""

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
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
    """Streams one after the other."""

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = list(datasets)

    def __iter__(self) -> Iterator[T_co]:
        for dataset in self.datasets:
            yield from dataset  # type: ignore[misc]

    def __len__(self) -> int:
        return sum(map(_length, self.datasets))


class Subset(Dataset[T_co]):
    """The samples of a dataset at the given indices."""

    def __init__(self, dataset: Dataset[T_co], indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: int) -> T_co:
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset[T_co], lengths: Sequence[int | float], generator: Any = None
) -> list[Subset[T_co]]:
    """Disjoint random subsets of these lengths, or of these parts of the whole.

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
    if sum(lengths) == total:
        return [int(length) for length in lengths]
    if not math.isclose(sum(lengths), 1):
        raise ValueError(
            f"random_split: lengths must sum to the dataset's length {total} or to 1, "
            f"got {list(lengths)}"
        )
    if any(not 0 <= length <= 1 for length in lengths):
        raise ValueError(f"random_split: parts must be between 0 and 1, got {list(lengths)}")
    sizes = [math.floor(total * length) for length in lengths]
    for i in range(total - sum(sizes)):  # what rounding left over
        sizes[i % len(sizes)] += 1
    return sizes
