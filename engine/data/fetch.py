"""Fetching one batch from a dataset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.data.dataset import Indexable, IterableDataset, samples_at

Fetch = Callable[[Any], Any]

_END = object()


class EndOfStream(Exception):
    """Raised when the stream has no batch left."""


def make_fetch(
    dataset: Indexable[Any], collate_fn: Callable[[Any], Any], batched: bool, drop_last: bool
) -> Fetch:
    """The function from an index, or a list of indices where batched, to a batch.

    For an IterableDataset it starts the stream; the indices only count the samples, and
    EndOfStream is raised at its end. StopIteration from a dataset's `__getitem__` or from
    collate_fn becomes a RuntimeError, so that no loop takes it for the end of its data.
    """
    if isinstance(dataset, IterableDataset):
        make = _fetch_from_stream(dataset, collate_fn, batched, drop_last)
    else:
        make = _fetch_by_index(dataset, collate_fn, batched)

    def fetch(index: Any) -> Any:
        try:
            return make(index)
        except StopIteration as error:
            raise RuntimeError(
                "DataLoader: the dataset or collate_fn raised StopIteration"
            ) from error

    return fetch


def _fetch_by_index(
    dataset: Indexable[Any], collate_fn: Callable[[Any], Any], batched: bool
) -> Fetch:
    if batched:
        return lambda index: collate_fn(samples_at(dataset, index))
    return lambda index: collate_fn(dataset[index])


def _fetch_from_stream(
    dataset: IterableDataset[Any],
    collate_fn: Callable[[Any], Any],
    batched: bool,
    drop_last: bool,
) -> Fetch:
    samples = iter(dataset)

    def fetch(index: Any) -> Any:
        if not batched:
            sample = next(samples, _END)
            if sample is _END:
                raise EndOfStream
            return collate_fn(sample)
        batch = [sample for _, sample in zip(index, samples, strict=False)]
        if not batch or (drop_last and len(batch) < len(index)):
            raise EndOfStream
        return collate_fn(batch)

    return fetch
