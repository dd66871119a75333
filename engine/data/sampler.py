"""Samplers: the order of a dataset's indices."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sized
from typing import Any, Generic, TypeVar

from engine import _C, _creation
from engine._validation import check_int
from engine.data.dataset import Indexable
from engine.data.seeding import draw_seed

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """Indices, or lists of them; a subclass defines `__iter__`."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__()")


def _private_generator(generator: Any) -> Any:
    """A new generator where none is given, seeded from the global one, so that the order does not
    depend on other code that draws random numbers meanwhile."""
    return _C.Generator().manual_seed(draw_seed()) if generator is None else generator


def _check_flag(sampler: str, name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{sampler}: {name} must be True or False, got {value!r}")


class SequentialSampler(Sampler[int]):
    """All indices in order.

    >>> import engine
    >>> list(engine.data.SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order, each once in every round, or drawn with replacement.

    >>> import engine
    >>> sorted(engine.data.RandomSampler("abc"))
    [0, 1, 2]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        if num_samples is not None:
            check_int("RandomSampler", "num_samples", num_samples, low=1)
        _check_flag("RandomSampler", "replacement", replacement)
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator

    @property
    def num_samples(self) -> int:
        """Number of indices of one iteration."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n = len(self.data_source)
        generator = _private_generator(self.generator)
        if self.replacement:
            drawn = _C.randint(0, n, (self.num_samples,), generator=generator)
            yield from drawn.tolist()
            return
        left = self.num_samples
        while left > 0 and n > 0:
            yield from _C.randperm(n, generator=generator).tolist()[:left]
            left -= n

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.

    >>> import engine
    >>> sorted(engine.data.SubsetRandomSampler([2, 5, 7]))
    [2, 5, 7]
    """

    def __init__(self, indices: Indexable[int], generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        order = _C.randperm(len(self), generator=self.generator)
        return (self.indices[i] for i in order.tolist())

    def __len__(self) -> int:
        return len(self.indices)  # type: ignore[arg-type]


class WeightedRandomSampler(Sampler[int]):
    """Indices drawn with these probabilities, which need not sum to one.

    >>> import engine
    >>> list(engine.data.WeightedRandomSampler([0.0, 3.0], num_samples=2))
    [1, 1]
    """

    def __init__(
        self,
        weights: Iterable[float],
        num_samples: int,
        replacement: bool = True,
        generator: Any = None,
    ) -> None:
        check_int("WeightedRandomSampler", "num_samples", num_samples, low=1)
        _check_flag("WeightedRandomSampler", "replacement", replacement)
        self.weights = _creation.as_tensor(weights, dtype=_C.float64)
        if self.weights.dim() != 1:
            raise ValueError(
                "WeightedRandomSampler: weights must have 1 dimension, got "
                f"{tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = _C.multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of batch_size indices of another sampler; the last may be shorter, or is dropped.

    >>> import engine
    >>> list(engine.data.BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        check_int("BatchSampler", "batch_size", batch_size, low=1)
        _check_flag("BatchSampler", "drop_last", drop_last)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        samples = len(self.sampler)  # type: ignore[arg-type]
        if self.drop_last:
            return samples // self.batch_size
        return -(-samples // self.batch_size)
